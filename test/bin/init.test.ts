import { globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { packageSpec } from '../../bin/init/package-spec.ts';
import manifest from '../../package.json' with { type: 'json' };
import lock from '../../package-lock.json' with { type: 'json' };
import { runIn } from './a-project.ts';

vi.setConfig({ testTimeout: 120_000 });

function aFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-init-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const init = (folder: string, name: string) =>
  runIn(folder, ['init', name, '--package', 'file:/tarballs/meridian.tgz']);

describe('meridian init', () => {
  it("creates a project that contains the team's files only, and prints the next steps", async () => {
    const folder = aFolder();
    const { code, stdout } = await init(folder, 'corner-shop');
    expect(code).toBe(0);
    expect(stdout).toMatch(/cd corner-shop\n +npm install\n +npm start/);
    const project = join(folder, 'corner-shop');
    const files = globSync(['*', '.*', '{bin,streams,subscribers,test}/*', 'schemas/released.json'], { cwd: project });
    expect(files.toSorted()).toEqual(
      [
        ...['.gitignore', 'README.md', 'cdk.json', 'package.json', 'regions.json', 'tsconfig.json'],
        ...['bin', 'bin/app.ts', 'schemas', 'schemas/released.json'],
        ...['streams', ...['cart', 'in-stock', 'index', 'stock', 'transfer'].map((name) => `streams/${name}.ts`)],
        ...['subscribers', 'subscribers/index.ts', 'subscribers/picker.ts'],
        ...['test', ...['cart', 'picker', 'stock', 'transfer'].map((name) => `test/${name}.test.ts`)],
      ].toSorted(),
    );
    expect(JSON.parse(readFileSync(join(project, 'cdk.json'), 'utf8')).context.name).toBe('corner-shop');
  });

  it('depends on Meridian and on the packages that its files use, in the versions that Meridian itself uses', async () => {
    const folder = aFolder();
    await init(folder, 'shop');
    const made = JSON.parse(readFileSync(join(folder, 'shop/package.json'), 'utf8'));
    const versions: Readonly<Record<string, string>> = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(made.dependencies).toEqual({ [manifest.name]: 'file:/tarballs/meridian.tgz', zod: versions.zod });
    expect(Object.keys(made.devDependencies).length).toBeGreaterThan(0);
    for (const [name, version] of Object.entries(made.devDependencies))
      expect([name, version]).toEqual([name, versions[name]]);
  });

  it('allows or denies the install script of every package that has one, so that npm does not warn', async () => {
    const folder = aFolder();
    await init(folder, 'shop');
    const made = JSON.parse(readFileSync(join(folder, 'shop/package.json'), 'utf8'));
    const withScripts = Object.entries(lock.packages)
      .filter((entry) => 'hasInstallScript' in entry[1])
      .map(([path]) => path.slice('node_modules/'.length))
      .filter((name) => Object.hasOwn({ ...manifest.dependencies, ...made.devDependencies }, name));
    expect(withScripts).toEqual(Object.keys(made.allowScripts));
  });

  it('refuses a folder that is not empty, and writes nothing', async () => {
    const folder = aFolder();
    mkdirSync(join(folder, 'shop'));
    writeFileSync(join(folder, 'shop/notes.txt'), 'mine');
    const { code, stderr } = await init(folder, 'shop');
    expect(code).toBe(1);
    expect(stderr).toMatch(/shop is not empty\. Nothing was written/);
    expect(globSync('**/*', { cwd: join(folder, 'shop') })).toEqual(['notes.txt']);
  });

  it.each(['Shop', '1shop', 'my_shop', 'shop-', 'a-shop-with-a-name-that-is-too-long'])(
    'refuses the name %s, which cannot be the prefix of names in AWS',
    async (name) => {
      const folder = aFolder();
      const { code, stderr } = await init(folder, name);
      expect(code).toBe(1);
      expect(stderr).toContain(`"${name}" is not a valid project name`);
      expect(globSync('*', { cwd: folder })).toEqual([]);
    },
  );
});

describe('the spec by which npm installs a package', () => {
  const meridian = { name: '@meridian-es/meridian', version: '0.1.0' };

  /** A project in which npm has installed the package by a spec. */
  function installedBy(dependencies: Readonly<Record<string, string>>): { root: string; host: string } {
    const host = aFolder();
    const root = join(host, 'node_modules', meridian.name);
    mkdirSync(root, { recursive: true });
    writeFileSync(join(host, 'package.json'), JSON.stringify({ dependencies }));
    return { root, host };
  }

  it('is the tarball that it was installed from, by an absolute path', () => {
    const { root, host } = installedBy({ [meridian.name]: 'file:../tarballs/meridian.tgz' });
    expect(packageSpec(root, meridian)).toBe(`file:${join(host, '../tarballs/meridian.tgz')}`);
  });

  it('is the URL that it was installed from', () => {
    const url = 'https://packages.example/meridian.tgz';
    expect(packageSpec(installedBy({ [meridian.name]: url }).root, meridian)).toBe(url);
  });

  it.each([[{ [meridian.name]: '^0.1.0' }], [{ '@meridian-es/create': '0.1.0' }]])(
    'is the exact version if the package came from a registry, as with %j',
    (dependencies) => {
      expect(packageSpec(installedBy(dependencies).root, meridian)).toBe('0.1.0');
    },
  );

  it("is the packed tarball in Meridian's repository; if there is none, the error says how to pack", () => {
    const root = aFolder();
    expect(() => packageSpec(root, meridian)).toThrow(/npm run pack-package/);
    mkdirSync(join(root, '.package'));
    writeFileSync(join(root, '.package/meridian-es-meridian-0.1.0.tgz'), '');
    expect(packageSpec(root, meridian)).toBe(`file:${join(root, '.package/meridian-es-meridian-0.1.0.tgz')}`);
  });
});

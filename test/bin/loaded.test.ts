import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadedModules } from '../../scripts/loaded-modules.ts';

// Each run is a process, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const root = new URL('../../', import.meta.url);
const launcher = fileURLToPath(new URL('bin/meridian.mjs', root));

/** The modules that a command loads, outside of any project: ours from the repository's folder, and the names of packages. */
function loadedBy(...args: readonly string[]): {
  readonly ours: readonly string[];
  readonly packages: ReadonlySet<string>;
} {
  const files = loadedModules(launcher, args);
  const ours = files.filter((url) => !url.includes('/node_modules/') && url.startsWith(root.href));
  const packages = files.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  return { ours: ours.map((url) => url.slice(root.href.length)), packages: new Set(packages) };
}

describe('the modules that the command line loads', () => {
  it('are only the launcher for --version', () => {
    expect(loadedBy('--version')).toEqual({ ours: ['bin/meridian.mjs'], packages: new Set() });
  });

  it('are only the launcher for --version, in the package too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'meridian-packed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'dist/bin'), { recursive: true });
    const packed = join(folder, 'dist/bin/meridian.mjs');
    copyFileSync(launcher, packed);
    writeFileSync(join(folder, 'dist/bin/meridian.js'), '');
    writeFileSync(join(folder, 'package.json'), '{"type":"module","version":"1.2.3"}');
    expect(loadedModules(packed, ['--version'])).toEqual([pathToFileURL(packed).href]);
  });

  it.each(['view', 'command', 'transact', 'regions'])(
    'include the client for `%s`, but not the engine, the CDK or an SDK',
    (command) => {
      const { ours, packages } = loadedBy(command, '--help');
      expect(ours).toContain(`bin/commands/${command}.ts`);
      expect(
        ours.filter((file) => !/^(bin|client|project|core\/(facts|limits|wire)|core\/names\.ts)/.test(file)),
      ).toEqual([]);
      expect([...packages].filter((name) => /aws|smithy|constructs|esbuild/.test(name))).toEqual([]);
    },
  );

  it('include every command for --help', () => {
    const commands = globSync('bin/commands/*.ts', { cwd: fileURLToPath(root) });
    expect(loadedBy('--help').ours).toEqual(expect.arrayContaining(commands));
  });
});

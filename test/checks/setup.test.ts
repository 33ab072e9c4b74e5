import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTree } from './tree.ts';

const packages = {
  '': { dependencies: { zod: '4.0.0' }, devDependencies: { node: '24.0.0' } },
  'node_modules/zod': { version: '4.0.0' },
  'node_modules/node': { version: '24.0.0', dev: true },
  'node_modules/only-on-windows': { version: '1.0.0', optional: true, os: ['win32'] },
};
const { 'node_modules/only-on-windows': _, ...installed } = packages;
const complete = {
  'package.json': JSON.stringify(packages['']),
  'package-lock.json': JSON.stringify({ packages }),
  'node_modules/.package-lock.json': JSON.stringify({ packages: installed }),
};

describe.skipIf(process.platform === 'win32')('setup', () => {
  let root: string;
  afterEach(() => rmSync(root, { recursive: true }));

  it('is silent if the installed packages match the lock, except for those of other platforms', () => {
    expect(setup(complete)).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['no node_modules', { 'node_modules/.package-lock.json': undefined }],
    ['no package-lock.json', { 'package-lock.json': undefined }],
    ['no node_modules', { 'node_modules/.package-lock.json': '{"packages": {"node_mod' }],
    ['package.json has changed', { 'package.json': JSON.stringify({ dependencies: { zod: '4.0.1' } }) }],
    ['package-lock.json has changed', changeLock({ 'node_modules/zod': { version: '4.0.1' } })],
    ['package-lock.json has changed', changeLock({ 'node_modules/new': { version: '1.0.0' } })],
  ])('installs and says why: %s', (reason, change: Record<string, string | undefined>) => {
    expect(setup({ ...complete, ...change })).toEqual({
      status: 0,
      stdout: '',
      stderr: `meridian: npm install (${reason}), about a minute …\nran: install --include=dev --no-audit --no-fund --loglevel=error\n`,
    });
  });

  it('fails if the install fails', () => {
    const { status, stderr } = setup({ ...complete, 'node_modules/.package-lock.json': undefined }, 7);
    expect({ status, stderr }).toEqual({ status: 7, stderr: expect.stringContaining('npm install failed') });
  });

  it('says what to do if the install did not include Node 24', () => {
    const node20 = "Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });";
    const { status, stderr } = setup(complete, 0, ['--import', `data:text/javascript,${encodeURIComponent(node20)}`]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('npm rebuild node') });
    expect(stderr).toContain('meridian: npm install (no Node 24)');
  });

  function setup(files: Record<string, string | undefined>, npmStatus = 0, nodeOptions: string[] = []) {
    const npm = `#!/bin/sh\necho "ran: $*"\nexit ${npmStatus}\n`;
    const given = Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]));
    root = makeTree({ ...Object.fromEntries(given), 'bin/npm': npm });
    chmodSync(join(root, 'bin/npm'), 0o755);
    mkdirSync(join(root, 'scripts'));
    const script = join(root, 'scripts/setup.mjs');
    copyFileSync(new URL('../../scripts/setup.mjs', import.meta.url), script);
    const env = { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}` };
    const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeOptions, script], { env, encoding: 'utf8' });
    return { status, stdout, stderr };
  }
});

function changeLock(change: object) {
  return { 'package-lock.json': JSON.stringify({ packages: { ...packages, ...change } }) };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTree } from './tree.ts';

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

describe.skipIf(process.platform === 'win32')('bin/meridian.mjs', () => {
  let root: string;
  beforeEach(() => {
    root = makeTree({ 'bin/meridian.ts': command, 'pretend.mjs': pretendNode20 });
    copyFileSync(new URL('../../bin/meridian.mjs', import.meta.url), join(root, 'bin/meridian.mjs'));
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

  it('says what to install if it runs on an older Node without the npm package', async () => {
    const child = start(['exit', '0'], ['--import', join(root, 'pretend.mjs')]);
    const errors = text(child.stderr);
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(await errors).toMatch(/needs Node 24; this is Node 20\.20\.2\. Run `npm install`/);
  });

  it('starts the Node of the npm package if it runs on an older Node', async () => {
    mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
    writeFileSync(join(root, 'node_modules/node/package.json'), '{}');
    symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'));
    const child = start(['exit', '4'], ['--import', join(root, 'pretend.mjs')]);
    expect(await once(child, 'close')).toEqual([4, null]);
  });

  function start(args: string[], nodeOptions: string[] = []) {
    return spawn(process.execPath, [...nodeOptions, join(root, 'bin/meridian.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
});

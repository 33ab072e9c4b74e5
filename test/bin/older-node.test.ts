import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeTree } from '../checks/tree.ts';

/** An older Node on this machine, outside of node_modules. */
const older = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  .filter((folder) => !folder.includes('node_modules'))
  .map((folder) => join(folder, 'node'))
  .find((node) => existsSync(node) && majorOf(node) < 24);

function majorOf(node: string): number {
  return Number(spawnSync(node, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }).stdout);
}

const meridian = 'node_modules/@meridian-es/meridian';

/** What npm has installed, and a PATH with the older Node alone. */
function anInstall(node: string): string {
  const root = makeTree({
    [`${meridian}/package.json`]: '{"type":"module"}',
    [`${meridian}/dist/bin/meridian.js`]: '',
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const file of ['meridian.mjs', 'node-24.mjs'])
    copyFileSync(resolve('bin', file), join(root, meridian, 'dist/bin', file));
  copyFileSync(resolve('packages/create/create.mjs'), join(root, 'create.mjs'));
  mkdirSync(join(root, 'path'));
  symlinkSync(node, join(root, 'path/node'));
  return root;
}

describe.skipIf(older === undefined)('with only an older Node on the PATH', () => {
  it.each([
    ...[['init', 'shop'], ['start'], ['test'], ['schemas'], ['synth'], ['deploy'], ['smoke'], ['localstack']],
    ['create', 'shop'],
  ])('%s says in one line what it needs', (command, ...args) => {
    const root = anInstall(older ?? '');
    const script = command === 'create' ? ['create.mjs'] : [`${meridian}/dist/bin/meridian.mjs`, command];
    const { status, stdout, stderr } = spawnSync('node', [...script, ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: join(root, 'path') },
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^meridian needs Node 24; this is Node \d+\.\d+\.\d+\. Install it \(https:\/\/nodejs\.org\)(, or run `npm install --save-optional node-\w+-\w+@24` in your project)?\.\n$/,
    );
  });
});

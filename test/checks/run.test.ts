import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodePackage } from '../../bin/node-24.mjs';
import manifest from '../../package.json' with { type: 'json' };
import { npmCommand } from '../../scripts/npm.mjs';
import { makeTree } from './tree.ts';

const own = nodePackage(process.platform, process.arch);
const packages = {
  '': { dependencies: { zod: '4.0.0' }, devDependencies: { vitest: '5.0.0' } },
  'node_modules/zod': { version: '4.0.0' },
  'node_modules/vitest': { version: '5.0.0', dev: true },
  'node_modules/only-on-another-system': { version: '1.0.0', optional: true, os: ['aix'] },
  ...(own !== undefined && { [`node_modules/${own}`]: { version: '24.0.0', optional: true } }),
};
const { 'node_modules/only-on-another-system': _, ...installed } = packages;
const { [`node_modules/${own}`]: __, ...withoutNode } = installed as Record<string, object>;
const record = (of: object) => JSON.stringify({ packages: of });
const complete = {
  'package.json': JSON.stringify(packages['']),
  'package-lock.json': record(packages),
  'node_modules/.package-lock.json': record(installed),
};
type Change = Readonly<Record<string, string | undefined>>;

const NPM_CI = 'ran: ci --include=dev --include=optional --ignore-scripts --no-audit --no-fund --loglevel=error\n';

const pretend = (version: string) => [
  '--import',
  `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`)}`,
];

describe.skipIf(process.platform === 'win32')('scripts/run.mjs', () => {
  let root: string;
  afterEach(() => rmSync(root, { recursive: true }));

  it('runs the script with its arguments and its exit code, and says nothing, if the installed packages match the lock, except for those of other platforms', () => {
    expect(run(complete)).toEqual({ status: 3, stdout: '["one","two words"]\n', stderr: '' });
  });

  const changes: readonly (readonly [string, Change])[] = [
    ['no node_modules', { 'node_modules/.package-lock.json': undefined }],
    ['no node_modules', { 'node_modules/.package-lock.json': '{"packages": {"node_mod' }],
    ['package-lock.json has changed', changeLock({ 'node_modules/zod': { version: '4.0.1' } })],
    ['package-lock.json has changed', changeLock({ 'node_modules/new': { version: '1.0.0' } })],
  ];
  it.each(changes)('installs what the lock names, says why, and then runs the script: %s', (reason, change) => {
    expect(run({ ...complete, ...change })).toEqual({
      status: 3,
      stdout: '["one","two words"]\n',
      stderr: `meridian: npm ci (${reason}), about a minute …\n${NPM_CI}`,
    });
  });

  it.skipIf(own === undefined)('installs the Node of this platform if it was left out as an optional package', () => {
    const change = { 'node_modules/.package-lock.json': record(withoutNode) };
    const { status, stderr } = run({ ...complete, ...change });
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining(NPM_CI) });
  });

  it('ends with the exit code of an install that fails, and does not run the script', () => {
    const { status, stdout, stderr } = run({ ...complete, 'node_modules/.package-lock.json': undefined }, { npm: 7 });
    expect({ status, stdout }).toEqual({ status: 7, stdout: '' });
    expect(stderr).toContain('npm ci failed');
  });

  it.each([
    [
      'package.json and the lock differ',
      { 'package.json': JSON.stringify({ dependencies: { zod: '4.0.1' } }) },
      /^meridian: package\.json and package-lock\.json differ: run `npm install`, and commit the lock\n$/,
    ],
    [
      'there is no lock',
      { 'package-lock.json': undefined },
      /^meridian: package-lock\.json is missing or damaged: run `git restore package-lock\.json`\n$/,
    ],
  ])('names cause and fix in one line, and installs nothing, if %s', (_case, change: Change, line) => {
    const { status, stdout, stderr } = run({ ...complete, ...change });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(line);
  });

  it('names cause and fix in one line on a Node that npm does not run on', () => {
    const { status, stderr } = run(complete, { nodeOptions: pretend('18.20.0') });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'meridian: this is Node 18.20.0; install Node 24 (https://nodejs.org)\n',
    });
  });

  it('names cause and fix in one line on an older Node if the installed packages have no Node 24', () => {
    const { status, stdout, stderr } = run(complete, { nodeOptions: pretend('20.20.2') });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^meridian: .+: .*install Node 24 \(https:\/\/nodejs\.org\)\n$/);
  });

  function run(files: Change, { npm = 0, nodeOptions = [] }: { npm?: number; nodeOptions?: string[] } = {}) {
    const given = Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]));
    root = makeTree({
      ...Object.fromEntries(given),
      'path/npm': `#!/bin/sh\necho "ran: $*"\nexit ${npm}\n`,
      'bin/node-24.mjs': readFileSync('bin/node-24.mjs', 'utf8'),
      'script.mjs': 'console.log(JSON.stringify(process.argv.slice(2))); process.exit(3);',
      'scripts/npm.mjs': readFileSync('scripts/npm.mjs', 'utf8'),
      'scripts/run.mjs': readFileSync('scripts/run.mjs', 'utf8'),
    });
    chmodSync(join(root, 'path/npm'), 0o755);
    const script = join(root, 'scripts/run.mjs');
    const env = { ...process.env, PATH: `${join(root, 'path')}${delimiter}${process.env.PATH}` };
    const args = [...nodeOptions, script, join(root, 'script.mjs'), 'one', 'two words'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    return { status, stdout, stderr };
  }
});

function changeLock(change: object) {
  return { 'package-lock.json': record({ ...packages, ...change }) };
}

describe('the npm scripts', () => {
  const scripts: Readonly<Record<string, string>> = manifest.scripts;

  it('need no other script before them, which npm would skip with ignore-scripts', () => {
    expect(Object.keys(scripts).filter((name) => /^(pre|post)./.test(name))).toEqual([]);
  });

  it('run TypeScript by the script that installs what is missing', () => {
    const direct = Object.values(scripts).filter((script) => /\.ts\b/.test(script));
    expect(direct.filter((script) => !script.startsWith('node scripts/run.mjs '))).toEqual([]);
  });
});

describe('npm', () => {
  const args = ['install', 'C:\\my files\\a.tgz', '--no-save'];
  const node = 'C:\\Program Files\\nodejs\\node.exe';

  it('is started by its name, without a shell, except on Windows', () => {
    expect(npmCommand(args, { platform: 'linux', node, npm: '/usr/lib/node_modules/npm/bin/npm-cli.js' })).toEqual({
      command: 'npm',
      args,
      shell: false,
    });
  });

  it('is a script for Node on Windows, without a shell, if npm started this process', () => {
    const npm = 'C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js';
    expect(npmCommand(args, { platform: 'win32', node, npm })).toEqual({
      command: node,
      args: [npm, ...args],
      shell: false,
    });
  });

  it.each([undefined, 'C:\\yarn\\yarn.js'])(
    'gets quoted paths through a shell on Windows if it was started by %s',
    (npm) => {
      expect(npmCommand(args, { platform: 'win32', node, npm })).toEqual({
        command: 'npm',
        args: ['install', '"C:\\my files\\a.tgz"', '--no-save'],
        shell: true,
      });
    },
  );
});

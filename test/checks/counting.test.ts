import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTree } from './tree.ts';

const script = fileURLToPath(new URL('../../scripts/test.ts', import.meta.url));

describe('npm test', () => {
  let root: string;
  afterEach(() => rmSync(root, { recursive: true }));

  it.each([
    [
      'passed and skipped tests, with the reason',
      "it('a', () => {}); it('b', (test) => test.skip('no engine')); it.todo('c');",
      { status: 0, last: '1 passed, 0 failed, 2 skipped', says: 'skipped: no engine' },
    ],
    [
      'failed tests',
      "it('a', () => {}); it('b', () => { throw new Error('wrong'); });",
      { status: 1, last: '1 passed, 1 failed', says: 'wrong' },
    ],
    [
      'a file that fails before its tests',
      "import './nowhere.ts'; it('a', () => {});",
      { status: 1, last: '0 passed, 1 failed', says: 'nowhere' },
    ],
    [
      'an error outside every test',
      "it('a', () => { Promise.reject(new Error('stray')); });",
      { status: 1, last: '1 passed, 1 failed', says: 'stray' },
    ],
    [
      'no test executed',
      "it.skip('a', () => {});",
      { status: 1, last: '0 passed, 1 failed, 1 skipped', says: 'no test was executed' },
    ],
    [
      'a crash of vitest',
      "it('a', () => process.kill(process.ppid, 'SIGKILL'));",
      { status: 1, last: '0 passed, 1 failed', says: 'vitest failed outside the tests' },
    ],
  ])('counts %s', (_, code, { status, last, says }) => {
    root = makeTree({ 'some.test.ts': code });
    const run = spawnSync(process.execPath, [script, '--root', root, '--globals'], { encoding: 'utf8' });
    expect(run.stdout.trimEnd().split('\n').at(-1)).toBe(last);
    expect(run.status).toBe(status);
    expect(run.stdout + run.stderr).toContain(says);
  });
});

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addCheck } from '../../bin/commands/check.ts';
import type { History } from '../../checkers/history.ts';
import { encodeHistory } from '../../checkers/index.ts';
import { append, commit, EAST, header, read, replica } from '../checkers/a-history.ts';
import { meridian, meridianHere } from './run-meridian.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-check-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const file = join(folder, 'history.jsonl');
  writeFileSync(file, text);
  return file;
}

const check = (text: string, ...options: readonly string[]) =>
  meridianHere(addCheck, ['check', fileWith(text), ...options]);

const { regions } = header();
const stream = 'counter/a';
const effect = { do: 'add', amount: 3 } as const;
const added = commit({ stream, commitId: 'a1', effect });
const dot = { log: EAST, position: 1 };

/** An append that is acknowledged, and what the Regions have of it. */
function historyOf(stored: typeof added | undefined): History {
  const state = stored ? 3 : 0;
  return [
    header(),
    append({ op: 1, stream, effect, dot, version: { [EAST]: 1 } }),
    ...regions.map((region) => replica(stream, stored ? [stored] : [], state, { region })),
  ];
}

describe('meridian check', () => {
  it('says what it has checked, and that no promise is broken', async () => {
    const { code, stdout, stderr } = await check(encodeHistory(historyOf(added)));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`1 operation (1 append, 0 reads, 0 transactions) of 1 client in us-east-1, us-west-2
Checked: the answers that clients got, what the Regions store.
Not checked, because the history has no lines of it: views, subscribers, that everything settles, what operations take.
No promise is broken.
`);
  });

  it('prints a broken promise with its operations, and ends with 1', async () => {
    const { code, stdout, stderr } = await check(encodeHistory(historyOf(undefined)));
    expect(code).toBe(1);
    expect(
      stderr,
    ).toContain(`✗ no lost commit: a1 was acknowledged at us-east-1@1 of counter/a, where us-west-2 has nothing.
    1: s1 in us-east-1 from 0.010 s to 0.015 s: append {"do":"add","amount":3} to counter/a, ok at us-east-1@1
`);
    expect(stdout).toMatch(/\n2 promises are broken\.\n$/);
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await check(encodeHistory(historyOf(undefined)), '--json');
    const operations = [expect.objectContaining({ line: 'append', op: 1, id: 'a1' })];
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      {
        ok: false,
        operations: 1,
        checked: ['the answers that clients got', 'what the Regions store'],
        violations: regions.map(() => ({ property: 'no lost commit', streams: [stream], operations })),
        undecided: [],
      },
    ]);
  });

  it('shows no more than ten operations of a broken promise', async () => {
    const home = 'register/us-east-1.a';
    const reads = Array.from({ length: 12 }, (_, i) =>
      read({ op: i + 1, stream: home, begin: 0, end: 1, version: {}, state: i + 1 }),
    );
    const { stderr } = await check(encodeHistory([header({ homes: { [home]: EAST } }), ...reads]));
    expect(stderr).toMatch(/✗ linearizable: .*(\n {4}\d+: .* as \d+){10}\n {4}and 2 more\n/);
  });

  it('names a property that it could not decide, which is no violation', async () => {
    const home = 'account/us-east-1.a';
    const adds = Array.from({ length: 18 }, (_, i) =>
      append({ op: i + 1, stream: home, begin: 0, end: 100, effect: { do: 'add', amount: 2 ** i } }),
    );
    const last = read({ op: 19, stream: home, begin: 101, end: 102, state: -1 });
    const { code, stdout, stderr } = await check(encodeHistory([header({ homes: { [home]: EAST } }), ...adds, last]));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\? not decided, linearizable: 19 operations on account\/us-east-1\.a have /);
    expect(stdout).toMatch(/\nNo promise is broken\. 1 property could not be decided\.\n$/);
  });

  it.each([
    ['is empty', '', 'Line 1 is not a line of a history: there is none.'],
    ['is not JSON', `${encodeHistory([header()])}no\n`, 'Line 2 is not a line of a history: it is not JSON.'],
    ['has other lines', '{"line":"other"}\n', 'Line 1 is not a line of a history: '],
    ['has no header', encodeHistory([read({ op: 1, stream })]), 'Line 1 is not a line of a history: the header, '],
  ])('ends with 2 and the number of the line if a file %s', async (_what, text, message) => {
    const { code, stdout, stderr } = await check(text);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`history.jsonl is not a history. ${message}`);
  });

  it.each([
    ['is missing', join(folder, 'none.jsonl'), 'there is no such file'],
    ['is a folder', folder, 'it is a folder'],
  ])('ends with 2 if a file %s', async (_what, file, why) => {
    const { code, stderr } = await meridianHere(addCheck, ['check', file, '--json']);
    expect([code, JSON.parse(stderr)]).toEqual([2, { code: 'no-file', detail: `${file} cannot be read: ${why}.` }]);
  });

  it('reads standard input', async () => {
    const { code, stdout } = await meridian(['check', '-'], { input: encodeHistory(historyOf(added)) });
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, 'No promise is broken.']);
    const none = await meridian(['check', '-'], { input: 'no\n' });
    expect(none).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Standard input is not a history\. Line 1 /),
    });
  });
});

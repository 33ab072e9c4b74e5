import { describe, expect, it } from 'vitest';
import { bases } from '../../checkers/bases.ts';
import type { Line } from '../../checkers/history.ts';
import { sessions } from '../../checkers/sessions.ts';
import { append, commit, EAST, everywhere, evidence, named, read, transact, WEST } from './a-history.ts';

const stream = 'counter/a';
const five = commit({ stream, commitId: 'a1', effect: { do: 'add', amount: 5 } });
const three = commit({ stream, commitId: 'a2', effect: { do: 'add', amount: 3 }, position: 2 });
const west = commit({ stream, commitId: 'a3', effect: { do: 'add', amount: 1 }, log: WEST, context: { [EAST]: 1 } });
const stored = everywhere(stream, [five, three, west], 9);
const at = (east: number, of: number = 0) => ({ [EAST]: east, ...(of > 0 && { [WEST]: of }) });

/** The properties that these lines break, about a stream with all three commits. */
function broken(...lines: readonly Line[]): readonly string[] {
  return named(sessions(evidence(...lines, ...stored)));
}

describe('sessions', () => {
  it('accepts reads that show more and more, and states of their versions', () => {
    const reads = [
      read({ op: 1, stream, version: {}, state: 0 }),
      read({ op: 2, stream, version: at(1), state: 5 }),
      read({ op: 3, stream, version: at(1, 1), state: 6, atLeast: at(1) }),
      read({ op: 4, stream, version: at(2, 1), state: 9 }),
    ];
    expect(broken(...reads)).toEqual([]);
  });

  it('finds a read that shows less than it was asked for', () => {
    expect(broken(read({ op: 1, stream, atLeast: at(2), version: at(1), state: 5 }))).toEqual(['reads at least']);
  });

  it('finds a read that shows less than an earlier one in the same Region', () => {
    const first = read({ op: 1, stream, version: at(2), state: 8 });
    const then = read({ op: 2, stream, version: at(1), state: 5 });
    expect(broken(first, then)).toEqual(['monotonic reads']);
    expect(broken(first, { ...then, region: WEST })).toEqual([]);
    expect(broken(first, { ...then, begin: 12, end: 30 })).toEqual([]);
  });

  it('takes what ends and begins in one millisecond as one after the other only within a session', () => {
    const first = read({ op: 1, stream, session: 's', end: 20, version: at(2), state: 8 });
    const then = read({ op: 2, stream, session: 's', begin: 20, version: at(1), state: 5 });
    expect(broken(first, then)).toEqual(['monotonic reads']);
    expect(broken(first, { ...then, session: 'other' })).toEqual([]);
  });

  it('finds a read that does not show what was written in its Region before', () => {
    const appended = append({ op: 1, stream, effect: { do: 'add', amount: 5 }, dot: { log: EAST, position: 1 } });
    const then = read({ op: 2, stream, version: {}, state: 0 });
    expect(broken(appended, then)).toEqual(['read your writes']);
    expect(broken(appended, { ...then, region: WEST })).toEqual([]);
    expect(broken({ ...appended, region: WEST }, then)).toEqual(['read your writes']);
  });

  it('finds a version of an append that does not cover its commit, or what it was based on', () => {
    const dot = { log: EAST, position: 2 };
    const appended = append({ op: 1, stream, effect: { do: 'add', amount: 3 }, dot, basedOn: at(1) });
    expect(broken({ ...appended, version: at(2) })).toEqual([]);
    expect(broken({ ...appended, version: at(1) })).toEqual(['version of an append']);
    const second = append({ op: 2, stream, effect: { do: 'add', amount: 1 }, dot: { log: WEST, position: 1 } });
    expect(broken({ ...second, version: at(1, 1) })).toEqual([]);
    expect(broken({ ...second, version: at(0, 1) })).toEqual(['version of an append']);
  });

  it('accepts the version of an earlier commit for an append that repeats it, based on something else', () => {
    const dot = { log: EAST, position: 2 };
    const repeated = append({ op: 1, stream, effect: { do: 'add', amount: 3 }, dot, basedOn: at(1, 1) });
    expect(broken({ ...repeated, version: at(2) })).toEqual([]);
  });

  it('finds a read of a commit without what its writer had seen', () => {
    expect(broken(read({ op: 1, stream, version: { [WEST]: 1 }, state: 1 }))).toEqual(['causal reads']);
  });

  it('finds a state that is not that of its version', () => {
    expect(broken(read({ op: 1, stream, version: at(1), state: 6 }))).toEqual(['state of a version']);
  });

  it('accepts a version that ends at a position which is only known to be empty', () => {
    const shown = read({ op: 1, stream, version: at(3), state: 8 });
    const empty = stored.map((line) => ({ ...line, empty: [{ log: EAST, position: 3 }] }));
    expect(named(sessions(evidence(shown, ...empty)))).toEqual([]);
  });

  it('finds a version that is gone in the end', () => {
    expect(broken(read({ op: 1, stream, version: at(3), state: 9 }))).toEqual(['shown is kept']);
  });

  it('looks at what transactions have checked, too', () => {
    const checks = [{ stream, version: at(1), state: 6 }];
    expect(broken(transact({ op: 1, participants: [], checks }))).toEqual(['state of a version']);
  });

  it('says nothing of reads that were refused, nor of states that are not known', () => {
    const first = read({ op: 1, stream, version: at(2), state: 8 });
    expect(broken(first, read({ op: 2, stream, atLeast: at(3), result: 'refused', version: at(1), state: 0 }))).toEqual(
      [],
    );
    expect(broken(read({ op: 1, stream, version: at(1) }))).toEqual([]);
  });
});

describe('reads of a stream with an intent', () => {
  const account = 'account/a';
  const effect = { do: 'add', amount: 5 } as const;
  const part = commit({ stream: account, commitId: 'us-east-1:t1#1', effect });
  const lines = (end: number, commitId = part.commitId): readonly Line[] => [
    transact({ op: 1, participants: [{ stream: account, effect }] }),
    read({ op: 2, stream: account, version: {}, state: 0, end: 20 + end }),
    ...everywhere(account, [{ ...part, commitId }], 5),
  ];

  it('may lack a committed transaction if they have waited for its decision for seconds', () => {
    expect(named(sessions(evidence(...lines(2000))))).toEqual([]);
  });

  it('may not lack it otherwise, nor any other commit', () => {
    expect(named(sessions(evidence(...lines(100))))).toEqual(['read your writes']);
    const appended = append({ op: 1, stream: account, effect, dot: { log: EAST, position: 1 } });
    expect(named(sessions(evidence(appended, ...lines(2000, 'a1'))))).toEqual(['read your writes']);
  });
});

describe('bases', () => {
  /** The properties that a commit with this context breaks. @param named what its append named */
  function judged(of: string, context: Record<string, number>, given: Partial<Parameters<typeof append>[0]>) {
    const effect = { do: 'add', amount: 1 } as const;
    const first = commit({ stream: of, commitId: 'first', effect });
    const second = commit({ stream: of, commitId: 'a1', position: 2, effect, context });
    return named(
      bases(evidence(append({ op: 1, stream: of, effect, ...given }), ...everywhere(of, [first, second], 2))),
    );
  }

  it('accept a commit that is based on what was named, or on everything before it in its log', () => {
    expect(judged('counter/a', {}, { basedOn: {} })).toEqual([]);
    expect(judged('counter/a', { [EAST]: 1 }, {})).toEqual([]);
    expect(judged('account/a', { [EAST]: 1 }, { expected: { [EAST]: 1 } })).toEqual([]);
  });

  it('find a commit with another context than the version that was named', () => {
    expect(judged('counter/a', { [EAST]: 1 }, { basedOn: {} })).toEqual(['based on']);
  });

  it('take the version that any of the tries has named', () => {
    const effect = { do: 'add', amount: 1 } as const;
    const [first, second] = [1, 2].map((position) => commit({ stream, commitId: `a${position}`, position, effect }));
    const tries = [{}, { [EAST]: 1 }].map((basedOn, i) => append({ op: 3 + i, id: 'a2', stream, effect, basedOn }));
    const lines = first && second ? everywhere(stream, [first, second], 2) : [];
    expect(bases(evidence(...tries, ...lines))).toEqual([]);
    expect(named(bases(evidence(...tries.slice(0, 1), ...lines)))).toEqual(['based on']);
  });

  it('find a commit that its Region has based on less than it had written', () => {
    expect(judged('counter/a', {}, {})).toEqual(['linear log']);
    expect(judged('account/a', {}, {})).toEqual(['linear log']);
  });

  it('find an append that was not made at the exact version', () => {
    expect(judged('account/a', { [EAST]: 1 }, { expected: {} })).toEqual(['exact version']);
    expect(judged('account/a', { [EAST]: 1 }, { expected: { [EAST]: 2 } })).toEqual(['exact version']);
  });

  it('let positions without events follow the exact version', () => {
    const effect = { do: 'add', amount: 1 } as const;
    const check = commit({ stream: 'account/a', commitId: 'us-east-1:t9#1' });
    const second = commit({ stream: 'account/a', commitId: 'a1', position: 2, effect });
    const appended = append({ op: 1, stream: 'account/a', effect, expected: {} });
    expect(bases(evidence(appended, ...everywhere('account/a', [check, second], 1)))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { Evidence } from '../../checkers/evidence/evidence.ts';
import type { Line } from '../../checkers/history.ts';
import { judgeHomes, linearizable } from '../../checkers/linearizable.ts';
import {
  append,
  commit,
  EAST,
  everywhere,
  evidence,
  header,
  named,
  outcome,
  read,
  transact,
  WEST,
} from './a-history.ts';

const homes = { 'list/a': EAST, 'account/a': EAST, 'seats/a': EAST, 'register/a': EAST, 'set/a': EAST };
const list = 'list/a';
const account = 'account/a';
const seats = 'seats/a';
const pay = (amount: number) => ({ do: 'add', amount }) as const;
const item = (value: number) => ({ do: 'append', value }) as const;
const take = (by: string) => ({ do: 'take', by }) as const;

/** Whether there is an order for these lines, and nothing is left undecided. */
function isLinear(...lines: readonly Line[]): boolean {
  const { violations, undecided } = judgeHomes(new Evidence([header({ homes }), ...lines]));
  expect(undecided).toEqual([]);
  return violations.length === 0;
}

describe('a home stream', () => {
  it('may take effect at any time during an operation', () => {
    const slow = append({ op: 1, stream: list, effect: item(1), end: 100 });
    expect(isLinear(slow, read({ op: 2, stream: list, state: [] }), read({ op: 3, stream: list, state: [1] }))).toBe(
      true,
    );
  });

  it('does not lose what was acknowledged before a read began', () => {
    expect(isLinear(append({ op: 1, stream: list, effect: item(1) }), read({ op: 2, stream: list, state: [] }))).toBe(
      false,
    );
  });

  it('does not show what was not sent yet', () => {
    expect(isLinear(read({ op: 1, stream: list, state: [1] }), append({ op: 2, stream: list, effect: item(1) }))).toBe(
      false,
    );
  });

  it('does not go back', () => {
    const slow = append({ op: 1, stream: list, effect: item(1), end: 100 });
    expect(isLinear(slow, read({ op: 2, stream: list, state: [1] }), read({ op: 3, stream: list, state: [] }))).toBe(
      false,
    );
  });

  it('may be stale elsewhere, and anywhere if its home is not known', () => {
    const lines = [
      append({ op: 1, stream: list, effect: item(1) }),
      read({ op: 2, stream: list, state: [], region: WEST }),
    ];
    expect(isLinear(...lines)).toBe(true);
    expect(linearizable(evidence(...lines.map((line) => ({ ...line, region: EAST }))))).toEqual([]);
  });

  it('has the Region as home that wrote its commits', () => {
    const stored = commit({ stream: list, commitId: 'a1', effect: item(1) });
    const lines = [append({ op: 1, stream: list, effect: item(1) }), read({ op: 2, stream: list, state: [] })];
    expect(named(linearizable(evidence(...lines, ...everywhere(list, [stored], [1]))))).toEqual(['linearizable']);
    const moved = commit({ stream: list, commitId: 'a2', effect: item(2), log: WEST });
    expect(linearizable(evidence(...lines, ...everywhere(list, [stored, moved], [1, 2])))).toEqual([]);
  });

  it('names the operations that no order explains', () => {
    const found = linearizable(
      new Evidence([
        header({ homes }),
        append({ op: 1, stream: list, effect: item(1) }),
        read({ op: 2, stream: list, state: [] }),
      ]),
    );
    expect(found).toMatchObject([{ property: 'linearizable', ops: [2], streams: [list] }]);
    expect(found[0]?.what).toBe(
      'no order explains the operations on list/a: at most 1 of 2 can be put in one, and then not read 2, []',
    );
  });
});

describe('an operation of unknown fate', () => {
  const unknown = append({ op: 1, stream: list, effect: item(1), result: 'unknown' });

  it('may never take effect, or late', () => {
    expect(isLinear(unknown, read({ op: 2, stream: list, state: [] }))).toBe(true);
    const late = [read({ op: 2, stream: list, state: [] }), read({ op: 9, stream: list, state: [1] })];
    expect(isLinear(unknown, ...late)).toBe(true);
  });

  it('takes effect at most once', () => {
    const reads = [[1], [1, 2], [1, 2, 1]].map((state, i) => read({ op: 3 + i, stream: list, state }));
    expect(isLinear(unknown, append({ op: 2, stream: list, effect: item(2) }), ...reads)).toBe(false);
  });

  it('takes effect at most once together with its retries', () => {
    const retry = append({ op: 2, id: 'a1', stream: list, effect: item(1), dot: { log: EAST, position: 1 } });
    const again = { ...retry, op: 3, begin: 30, end: 35 };
    expect(isLinear(unknown, retry, again, read({ op: 4, stream: list, state: [1] }))).toBe(true);
    expect(isLinear(unknown, retry, again, read({ op: 4, stream: list, state: [1, 1] }))).toBe(false);
  });

  it('may take effect although another try was refused', () => {
    const refused = append({ op: 2, id: 'a1', stream: list, effect: item(1), result: 'refused', code: 'unavailable' });
    expect(isLinear(unknown, refused, read({ op: 3, stream: list, state: [1] }))).toBe(true);
    expect(isLinear(refused, read({ op: 3, stream: list, state: [1] }))).toBe(false);
  });

  it('has not taken effect if it is not stored in the end, and has if it is', () => {
    const stored = commit({ stream: list, commitId: 'a1', effect: item(1) });
    const shown = read({ op: 2, stream: list, state: [1] });
    expect(isLinear(unknown, shown, ...everywhere(list, [stored], [1]))).toBe(true);
    expect(isLinear(unknown, shown, ...everywhere(list, [], []))).toBe(false);
  });
});

describe('a refusal', () => {
  it('is possible only where the state asks for it', () => {
    const paid = append({ op: 1, stream: account, effect: pay(5) });
    const refused = append({ op: 2, stream: account, effect: pay(-6), result: 'refused', code: 'rejected' });
    expect(isLinear(paid, refused)).toBe(true);
    expect(isLinear(paid, { ...refused, effect: pay(-5) })).toBe(false);
    expect(isLinear(paid, { ...refused, effect: pay(-5), code: 'unavailable' })).toBe(true);
  });

  it('of seats is possible only while they are all taken', () => {
    const refused = append({ op: 3, stream: seats, effect: take('cid'), result: 'refused', code: 'rejected' });
    const taken = ['ann', 'bob'].map((by, i) => append({ op: i + 1, stream: seats, effect: take(by) }));
    expect(isLinear(...taken, refused)).toBe(true);
    expect(isLinear(...taken.slice(1), refused)).toBe(false);
  });

  it('says nothing of the state where no state asks for it', () => {
    const refused = append({ op: 1, stream: account, effect: pay(5), result: 'refused', code: 'rejected' });
    expect(isLinear(refused, { ...refused, effect: pay(0) })).toBe(true);
    const endless = header({ homes, types: { seats: { mode: 'home', kind: 'seats' } } });
    const sold = append({ op: 1, stream: seats, effect: take('ann'), result: 'refused', code: 'rejected' });
    expect(linearizable(new Evidence([endless, sold]))).toEqual([]);
  });

  it('cannot follow its own success in another try', () => {
    const paid = append({ op: 1, stream: account, effect: pay(5) });
    const first = append({ op: 2, stream: account, effect: pay(-5) });
    const refused = append({ op: 3, id: 'a2', stream: account, effect: pay(-5), result: 'refused', code: 'rejected' });
    expect(isLinear(paid, first, refused)).toBe(false);
    expect(isLinear(paid, { ...first, begin: 40, end: 45 }, { ...refused, begin: 1, end: 2 })).toBe(true);
  });

  it('never lets an account become negative, nor seats be sold twice', () => {
    expect(isLinear(append({ op: 1, stream: account, effect: pay(-1) }))).toBe(false);
    const takers = ['ann', 'bob', 'cid'].map((by, i) => append({ op: i + 1, stream: seats, effect: take(by) }));
    expect(isLinear(...takers.slice(0, 2))).toBe(true);
    expect(isLinear(...takers)).toBe(false);
  });

  it('for a version is possible only at another one', () => {
    const first = append({ op: 1, stream: list, effect: item(1), dot: { log: EAST, position: 1 } });
    const second = append({ op: 2, stream: list, effect: item(2), result: 'refused', code: 'version-conflict' });
    expect(isLinear(first, { ...second, expected: {} })).toBe(true);
    expect(isLinear(first, { ...second, expected: { [EAST]: 1 } })).toBe(false);
    expect(isLinear({ ...second, expected: {} })).toBe(false);
    expect(isLinear({ ...second, expected: { [EAST]: 0 } })).toBe(false);
    expect(isLinear(second)).toBe(true);
  });
});

describe('an answer without a commit', () => {
  it('is possible only where the operation changes nothing', () => {
    const taken = append({ op: 1, stream: seats, effect: take('ann'), dot: { log: EAST, position: 1 } });
    const release = append({ op: 2, stream: seats, effect: { do: 'release', by: 'ann' } });
    expect(isLinear(taken, { ...release, effect: { do: 'release', by: 'bob' } })).toBe(true);
    expect(isLinear(taken, release)).toBe(false);
    expect(isLinear(taken, { ...release, dot: { log: EAST, position: 2 } })).toBe(true);
  });

  it('is not possible with one: a release of a seat that is free is not written', () => {
    const effect = { do: 'release', by: 'ann' } as const;
    expect(isLinear(append({ op: 1, stream: seats, effect, dot: { log: EAST, position: 1 } }))).toBe(false);
  });
});

describe('an append at an expected version', () => {
  it('is made at exactly that version', () => {
    const first = append({ op: 1, stream: list, effect: item(1), dot: { log: EAST, position: 1 } });
    const second = append({ op: 2, stream: list, effect: item(2), dot: { log: EAST, position: 2 } });
    expect(isLinear(first, { ...second, expected: { [EAST]: 1 } })).toBe(true);
    expect(isLinear(first, { ...second, expected: {} })).toBe(false);
  });

  it('may be made by another try, which names none', () => {
    const first = append({ op: 1, stream: list, effect: item(1), dot: { log: EAST, position: 1 } });
    const unknown = append({ op: 2, stream: list, effect: item(2), result: 'unknown', expected: {} });
    const again = append({ op: 3, id: 'a2', stream: list, effect: item(2), dot: { log: EAST, position: 2 } });
    expect(isLinear(first, unknown, again)).toBe(true);
  });
});

describe('the part of a transaction', () => {
  const participants = [{ stream: account, effect: pay(5) }];

  it('is an operation on its stream', () => {
    const paid = transact({ op: 1, participants });
    expect(isLinear(paid, read({ op: 2, stream: account, state: 5 }))).toBe(true);
    expect(isLinear(paid, read({ op: 2, stream: account, state: 0 }))).toBe(false);
    expect(isLinear({ ...paid, result: 'refused' }, read({ op: 2, stream: account, state: 0 }))).toBe(true);
    expect(isLinear({ ...paid, result: 'refused' }, read({ op: 2, stream: account, state: 5 }))).toBe(false);
  });

  it('has taken effect once an outcome says so', () => {
    const paid = transact({ op: 1, participants, result: 'unknown' });
    const committed = outcome({ id: paid.id, at: 20, state: 'committed' });
    const shown = read({ op: 3, stream: account, state: 0 });
    expect(isLinear(paid, shown)).toBe(true);
    expect(isLinear(paid, committed, shown)).toBe(false);
    expect(isLinear(paid, outcome({ id: paid.id, at: 20, state: 'aborted' }), shown)).toBe(true);
  });

  it('holds what it has checked', () => {
    const checked = transact({ op: 2, participants, checks: [{ stream: list, version: {}, state: [] }] });
    const appended = append({ op: 1, stream: list, effect: item(1) });
    expect(isLinear(appended, checked)).toBe(false);
    expect(isLinear({ ...appended, begin: 30, end: 35 }, checked)).toBe(true);
    expect(isLinear(appended, { ...checked, result: 'unknown' })).toBe(true);
  });

  it('may be missing in a read that has waited for its decision for seconds, until an append follows', () => {
    const paid = transact({ op: 1, participants });
    const slow = read({ op: 2, stream: account, state: 0, end: 2020 });
    const then = append({ op: 2, stream: account, effect: pay(1), begin: 16, end: 19 });
    expect(isLinear(paid, slow)).toBe(true);
    expect(isLinear(paid, then, slow)).toBe(false);
    expect(isLinear(paid, { ...slow, state: -5 })).toBe(false);
  });

  it('may not be missing in a read that has asked for it, however long it took', () => {
    const stored = commit({ stream: account, commitId: `${EAST}:t1#1`, effect: pay(5) });
    const lines = [transact({ op: 1, participants }), ...everywhere(account, [stored], 5)];
    const slow = read({ op: 2, stream: account, state: 0, end: 2020 });
    expect(isLinear(...lines, slow)).toBe(true);
    expect(isLinear(...lines, { ...slow, atLeast: {} })).toBe(true);
    expect(isLinear(...lines, { ...slow, atLeast: { [EAST]: 1 } })).toBe(false);
  });
});

describe('the search', () => {
  /** Appends of unknown fate, which may be in any order, and reads that fit none. */
  const many = (count: number): readonly Line[] => [
    ...Array.from({ length: count }, (_, i) =>
      append({ op: i, stream: list, effect: item(i), begin: 0, result: 'unknown' }),
    ),
    read({ op: count, stream: list, state: [1, 1] }),
  ];

  it('is given up when it takes too long, which is not a violation', () => {
    const { violations, undecided } = judgeHomes(new Evidence([header({ homes }), ...many(30)]), 500);
    expect(violations).toEqual([]);
    expect(undecided).toMatchObject([{ property: 'linearizable', streams: [list] }]);
  });

  it('decides 200 operations of 8 clients on one stream in milliseconds', () => {
    const lines = Array.from({ length: 200 }, (_, i) => {
      const times = { op: i, begin: Math.floor(i / 8) * 100, end: Math.floor(i / 8) * 100 + 99 };
      return i % 3 === 2
        ? read({ ...times, stream: account, state: i - (i % 3 === 2 ? Math.floor(i / 3) : 0) })
        : append({ ...times, stream: account, effect: pay(1), dot: { log: EAST, position: i } });
    });
    const start = performance.now();
    expect(isLinear(...lines)).toBe(true);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

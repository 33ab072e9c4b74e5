import { describe, expect, it } from 'vitest';
import { Evidence } from '../../checkers/evidence/evidence.ts';
import { nodesIn } from '../../checkers/evidence/transactions.ts';
import type { Line } from '../../checkers/history.ts';
import { serializable } from '../../checkers/serializable.ts';
import { append, commit, EAST, everywhere, header, named, read, replica, transact, WEST } from './a-history.ts';

const [x, y] = ['list/x', 'list/y'] as const;
const register = 'register/r';
const homes = { [x]: EAST, [y]: EAST, [register]: EAST };
const item = (stream: string, value: number) => ({ stream, effect: { do: 'append', value } as const });
const shown = (stream: string, state: readonly number[]) => ({ stream, state, version: {} });

function anomalies(...lines: readonly Line[]): readonly string[] {
  return named(serializable(new Evidence([header({ homes }), ...lines])));
}

/** All operations overlap, so that there is no order in time. */
const at = { begin: 0, end: 100 };

/** Lists as they are in the end, without what their commits are. */
function lists(states: Readonly<Record<string, readonly number[]>>): readonly Line[] {
  return Object.entries(states).map(([stream, state]) => replica(stream, [], state));
}

describe('transactions on lists', () => {
  it('are serializable in some order that all lists agree with', () => {
    const lines = [
      transact({ op: 1, participants: [item(x, 1), item(y, 1)], ...at }),
      transact({ op: 2, participants: [item(x, 2), item(y, 2)], checks: [shown('list/z', [])], ...at }),
      read({ op: 3, ...shown(x, [1]), ...at }),
    ];
    expect(anomalies(...lines, ...lists({ [x]: [1, 2], [y]: [1, 2] }))).toEqual([]);
  });

  it('show G0 if two of them are in different orders', () => {
    const both = [1, 2].map((op) => transact({ op, participants: [item(x, op), item(y, op)], ...at }));
    const found = serializable(new Evidence([header({ homes }), ...both, ...lists({ [x]: [1, 2], [y]: [2, 1] })]));
    expect(found).toMatchObject([{ property: 'G0', ops: [1, 2] }]);
    expect(found[0]?.what).toBe(
      'transaction 1 was overwritten by (list/x) transaction 2 was overwritten by (list/y) transaction 1',
    );
  });

  it('show G1a if what was aborted is read', () => {
    const aborted = transact({ op: 1, participants: [item(x, 1)], result: 'refused', code: 'aborted' });
    expect(anomalies(aborted, read({ op: 2, ...shown(x, [1]) }))).toEqual(['G1a']);
    expect(anomalies(aborted, ...lists({ [x]: [1] }))).toEqual(['G1a']);
    expect(anomalies({ ...aborted, result: 'unknown' }, read({ op: 2, ...shown(x, [1]) }))).toEqual([]);
  });

  it('show G1b if the middle of one is read', () => {
    const twice = transact({ op: 1, participants: [item(x, 1), item(x, 2)], ...at });
    expect(anomalies(twice, read({ op: 2, ...shown(x, [1]), ...at }), ...lists({ [x]: [1, 2] }))).toContain('G1b');
    expect(anomalies(twice, read({ op: 2, ...shown(x, [1, 2]), ...at }))).toEqual([]);
  });

  it('show G1c if two of them read each other', () => {
    const a = transact({ op: 1, participants: [item(x, 1)], checks: [shown(y, [2])], ...at });
    const b = transact({ op: 2, participants: [item(y, 2)], checks: [shown(x, [1])], ...at });
    expect(anomalies(a, b)).toEqual(['G1c']);
  });

  it('show G-single if one of them reads half of another', () => {
    const a = transact({ op: 1, participants: [item(x, 1), item(y, 1)], ...at });
    const b = transact({ op: 2, participants: [item('list/z', 2)], checks: [shown(x, []), shown(y, [1])], ...at });
    expect(anomalies(a, b, ...lists({ [x]: [1], [y]: [1] }))).toEqual(['G-single']);
  });

  it('show G2 if each of two has not seen the other', () => {
    const a = transact({ op: 1, participants: [item(x, 1)], checks: [shown(y, [])], ...at });
    const b = transact({ op: 2, participants: [item(y, 2)], checks: [shown(x, [])], ...at });
    expect(anomalies(a, b, ...lists({ [x]: [1], [y]: [2] }))).toEqual(['G2']);
    expect(anomalies(a, { ...b, checks: [] }, ...lists({ [x]: [1], [y]: [2] }))).toEqual([]);
  });

  it('show an incompatible order, a duplicate or an unwritten value if lists do', () => {
    const both = [1, 2].map((op) => append({ op, ...item(x, op), ...at }));
    const orders = [read({ op: 3, ...shown(x, [1, 2]), ...at }), read({ op: 4, ...shown(x, [2]), region: WEST })];
    expect(anomalies(...both, ...orders)).toEqual(['incompatible order']);
    expect(anomalies(...both, ...lists({ [x]: [1, 2, 1] }))).toContain('duplicate');
    expect(anomalies(...both, ...lists({ [x]: [1, 3] }))).toEqual(['unwritten read']);
  });
});

describe('the order in time', () => {
  it('shows G0-realtime if a later append comes first', () => {
    const both = [1, 2].map((op) => append({ op, ...item(x, op) }));
    expect(anomalies(...both, ...lists({ [x]: [2, 1] }))).toEqual(['G0-realtime']);
    expect(anomalies(...both, ...lists({ [x]: [1, 2] }))).toEqual([]);
  });

  it('shows G1c-realtime if a later append is read', () => {
    expect(anomalies(read({ op: 1, ...shown(x, [2]) }), append({ op: 2, ...item(x, 2) }))).toEqual(['G1c-realtime']);
  });

  it('shows G-single-realtime if an earlier append is not read', () => {
    const lines = [append({ op: 1, ...item(x, 1) }), read({ op: 2, ...shown(x, []) }), ...lists({ [x]: [1] })];
    expect(anomalies(...lines)).toEqual(['G-single-realtime']);
    const elsewhere = lines.map((line) => (line.line === 'read' ? { ...line, region: WEST } : line));
    expect(anomalies(...elsewhere)).toEqual([]);
  });

  it('shows G2-realtime if it goes over two transactions that were not seen', () => {
    const early = append({ op: 1, ...item(y, 1), begin: 0, end: 5 });
    const long = transact({ op: 2, participants: [item(x, 2)], checks: [shown(y, [])], begin: 0, end: 40 });
    const late = read({ op: 3, ...shown(x, []), begin: 20, end: 30 });
    expect(anomalies(early, long, late, ...lists({ [x]: [2], [y]: [1] }))).toEqual(['G2-realtime']);
  });

  it('does not bind a read that may have given up on a decision', () => {
    const lines = [transact({ op: 1, participants: [item(x, 1)] }), ...lists({ [x]: [1] })];
    expect(anomalies(...lines, read({ op: 2, ...shown(x, []), end: 2020 }))).toEqual([]);
    expect(anomalies(...lines, read({ op: 2, ...shown(x, []) }))).toEqual(['G-single-realtime']);
  });

  it('of a request is that of its first try to its first acknowledgment', () => {
    const first = append({ op: 1, ...item(x, 1), result: 'unknown' });
    const again = append({ op: 5, id: 'a1', ...item(x, 1) });
    const between = append({ op: 3, ...item(x, 3) });
    expect(anomalies(first, between, again, ...lists({ [x]: [1, 3] }))).toEqual([]);
    expect(anomalies(first, between, again, ...lists({ [x]: [3, 1] }))).toEqual([]);
    expect(anomalies(first, again, append({ op: 6, ...item(x, 6) }), ...lists({ [x]: [6, 1] }))).toEqual([
      'G0-realtime',
    ]);
  });
});

describe('streams of other kinds', () => {
  const write = (op: number, position: number) =>
    append({ op, stream: register, effect: { do: 'write', value: op }, dot: { log: EAST, position }, ...at });

  it('have the order of their positions', () => {
    const lines = [write(1, 1), write(2, 2)];
    const look = { stream: register, version: { [EAST]: 1 }, state: 1 };
    const a = transact({ op: 3, participants: [item(x, 3)], checks: [look], ...at });
    expect(anomalies(...lines, a)).toEqual([]);
    // It has not seen the second write, and what it wrote was read before.
    const b = { ...write(2, 2), begin: 20, end: 30 };
    expect(anomalies(write(1, 1), b, { ...a, begin: 40 })).toEqual(['G-single-realtime']);
  });

  it('show a lost update if two writes are made on one version', () => {
    const onFirst = { expected: { [EAST]: 1 } };
    const lines = [write(1, 1), { ...write(2, 2), ...onFirst }, { ...write(3, 3), ...onFirst }];
    expect(anomalies(...lines)).toEqual(['lost update']);
    expect(anomalies(...lines.slice(0, 2), { ...write(3, 3), expected: { [EAST]: 2 } })).toEqual([]);
  });

  it('have no order if they were written in two logs', () => {
    const other = { ...write(2, 2), dot: { log: EAST, position: 2 } };
    const look = read({ op: 5, stream: register, version: { [WEST]: 9 }, state: null });
    expect(anomalies({ ...write(1, 1), end: 5 }, other, look)).toEqual(['G-single-realtime']);
    const elsewhere = { ...other, dot: { log: WEST, position: 2 } };
    expect(anomalies({ ...write(1, 1), end: 5 }, elsewhere, look)).toEqual([]);
  });

  it('say nothing of the version that a refused append named', () => {
    const lines = [write(1, 1), { ...write(2, 2), begin: 10, end: 20 }];
    const refused = { ...write(3, 3), begin: 30, expected: { [EAST]: 1 }, result: 'refused', dot: undefined } as const;
    const unknown = { ...refused, op: 4, id: 'a3', begin: 25, result: 'unknown' } as const;
    const stored = [1, 2].map((op) =>
      commit({ stream: register, commitId: `a${op}`, position: op, effect: { do: 'write', value: op } }),
    );
    const ended = everywhere(register, stored, 2);
    expect(anomalies(...lines, unknown, { ...refused, code: 'version-conflict' }, ...ended)).toEqual([]);
  });

  it('show G1a or an unwritten value if a register does', () => {
    const refused = append({ op: 1, stream: register, effect: { do: 'write', value: 1 }, result: 'refused' });
    const look = read({ op: 2, stream: register, version: {}, state: 1 });
    expect(anomalies(refused, look)).toEqual(['G1a']);
    expect(anomalies(look)).toEqual(['unwritten read']);
    expect(anomalies({ ...refused, result: 'unknown' }, look)).toEqual([]);
  });

  it('know where transactions have written by their commits', () => {
    const effect = { do: 'write', value: 1 } as const;
    const stored = commit({ stream: register, commitId: `${EAST}:t1#1`, effect });
    const lines = [
      transact({ op: 1, participants: [{ stream: register, effect }] }),
      ...everywhere(register, [stored], 1),
    ];
    const look = read({ op: 2, stream: register, version: {}, state: null });
    expect(anomalies(...lines, look)).toEqual(['G-single-realtime']);
    expect(anomalies(...lines, { ...look, version: { [EAST]: 1 }, state: 1 })).toEqual([]);
  });

  it('are not written by a part of a transaction that has changed nothing', () => {
    const stream = 'seats/s';
    const released = transact({ op: 1, participants: [{ stream, effect: { do: 'release', by: 'ann' } }] });
    const empty = commit({ stream, commitId: `${EAST}:t1#1` });
    expect(nodesIn(new Evidence([header(), released, ...everywhere(stream, [empty], [])]))).toEqual([]);
  });

  it('are left out if their home has changed', () => {
    const effect = { do: 'write', value: 1 } as const;
    const moved = [EAST, WEST].map((log, i) => commit({ stream: register, commitId: `a${i}`, log, effect }));
    const look = read({ op: 2, stream: register, version: {}, state: null });
    const lines = [append({ op: 0, stream: register, effect }), look, ...everywhere(register, moved, 1)];
    expect(named(serializable(new Evidence([header(), ...lines])))).toEqual([]);
  });
});

describe('a version of a list', () => {
  const onFirst = { expected: { [EAST]: 1 } };
  const lines = [1, 2, 3].map((op) => append({ op, ...item(x, op), dot: { log: EAST, position: op }, ...at }));
  const [first, second, third] = lines;

  it('is known if it is known where all of its values were appended', () => {
    if (!first || !second || !third) throw new Error('There are three.');
    const both = [first, { ...second, ...onFirst }, { ...third, ...onFirst }, ...lists({ [x]: [1, 2, 3] })];
    expect(anomalies(...both)).toEqual(['lost update']);
    const { dot: _unknown, ...anywhere } = first;
    expect(anomalies(anywhere, ...both.slice(1))).toEqual([]);
  });
});

describe('lists with a value twice', () => {
  it('have the order of their positions, because a value does not show who appended it', () => {
    const twice = [1, 2].map((op) => append({ op, ...item(x, 7), dot: { log: EAST, position: op } }));
    expect(anomalies(...twice, read({ op: 3, stream: x, version: { [EAST]: 2 }, state: [7, 7] }))).toEqual([]);
    expect(anomalies(...twice, read({ op: 3, stream: x, version: { [EAST]: 1 }, state: [7] }))).toEqual([
      'G-single-realtime',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { acknowledged } from '../../checkers/acknowledged.ts';
import { Evidence } from '../../checkers/evidence/evidence.ts';
import type { Line } from '../../checkers/history.ts';
import {
  append,
  commit,
  EAST,
  everywhere,
  evidence,
  header,
  named,
  read,
  replica,
  stampAt,
  transact,
  WEST,
} from './a-history.ts';

const stream = 'list/a';
const one = { do: 'append', value: 1 } as const;
const two = { do: 'append', value: 2 } as const;
const dot = { log: EAST, position: 1 };
const stored = commit({ stream, commitId: 'a1', effect: one });
const appended = append({ op: 1, stream, effect: one, dot });

describe('acknowledged', () => {
  it('accepts appends that are stored where their answers said', () => {
    expect(acknowledged(evidence(appended, ...everywhere(stream, [stored], [1])))).toEqual([]);
  });

  it('is silent if it is not known what is stored', () => {
    expect(acknowledged(evidence(appended))).toEqual([]);
  });

  it('finds an acknowledged commit that one Region lacks', () => {
    const found = acknowledged(
      evidence(appended, replica(stream, [stored], [1]), replica(stream, [], [], { region: WEST })),
    );
    expect(found).toMatchObject([{ property: 'no lost commit', ops: [1], streams: [stream] }]);
    expect(found[0]?.what).toBe('a1 was acknowledged at us-east-1@1 of list/a, where us-west-2 has nothing');
  });

  it.each([
    ['belongs to another request', { commitId: 'a2' }],
    ['is an empty position', { state: 'aborted' }],
    ['has other events', { effect: two }],
  ] as const)('finds an acknowledged commit whose place %s', (_what, different) => {
    const other = commit({ stream, commitId: 'a1', effect: one, ...different });
    const also = append({ op: 2, stream, effect: one, result: 'unknown' });
    expect(named(acknowledged(evidence(appended, also, ...everywhere(stream, [other], []))))).toEqual([
      'no lost commit',
    ]);
  });

  it('finds a refused append that is committed', () => {
    const refused = append({ op: 1, stream, effect: one, result: 'refused', code: 'rejected' });
    expect(named(acknowledged(evidence(refused, ...everywhere(stream, [stored], [1]))))).toEqual(['no refused commit']);
  });

  it('accepts a refused append that another try has committed', () => {
    const refused = append({ op: 1, stream, effect: one, result: 'refused', code: 'unavailable' });
    const unknown = append({ op: 2, id: 'a1', stream, effect: one, result: 'unknown' });
    expect(acknowledged(evidence(refused, unknown, ...everywhere(stream, [stored], [1])))).toEqual([]);
  });

  it('finds an append that is refused for its id although no other request has it', () => {
    const refused = append({ op: 2, id: 'a1', stream, effect: one, result: 'refused', code: 'id-reused' });
    const lines = [appended, ...everywhere(stream, [stored], [1])];
    expect(named(acknowledged(evidence(refused, ...lines)))).toEqual(['known ids']);
    expect(acknowledged(evidence({ ...refused, effect: two }, ...lines))).toEqual([]);
  });

  it('finds a commit that was written elsewhere than in the home that the header names', () => {
    const found = (home: string) =>
      named(
        acknowledged(
          new Evidence([header({ homes: { [stream]: home } }), appended, ...everywhere(stream, [stored], [1])]),
        ),
      );
    expect(found(EAST)).toEqual([]);
    expect(found(WEST)).toEqual(['one home']);
  });

  it('finds a copy of a commit that its Region had shown before, in another log', () => {
    const of = { id: 'a1', stream: 'set/a', effect: { do: 'insert', value: 'red' } } as const;
    const first = append({ ...of, op: 1, end: 5 });
    const shown = read({ op: 2, stream: of.stream, region: WEST, begin: 6, end: 8, version: { [EAST]: 1 } });
    const again = append({ ...of, op: 3, region: WEST, begin: 9, end: 12 });
    const copies = [
      commit({ ...of, commitId: of.id }),
      commit({ ...of, commitId: of.id, log: WEST, region: WEST, hlc: stampAt(9) }),
    ];
    const found = (...lines: readonly Line[]) =>
      named(acknowledged(evidence(...lines, ...everywhere(of.stream, copies, ['red']))));
    expect(found(first, shown, again)).toEqual(['no doubled commit']);
    expect(found(first, { ...shown, end: 10 }, again)).toEqual([]);
    expect(found(first, again)).toEqual([]);
  });

  it('finds a commit that was not asked for, and accepts those of transactions and their checks', () => {
    const invented = commit({ stream, commitId: 'nobody', effect: two, position: 2 });
    expect(named(acknowledged(evidence(appended, ...everywhere(stream, [stored, invented], []))))).toEqual([
      'no invented commit',
    ]);
    const part = commit({ stream, commitId: 'us-east-1:t2#1', effect: two, position: 2 });
    const check = commit({ stream: 'list/b', commitId: 'us-east-1:t2#1' });
    const transaction = transact({
      op: 2,
      participants: [{ stream, effect: two }],
      checks: [{ stream: 'list/b', version: {}, state: [] }],
    });
    const lines = [...everywhere(stream, [stored, part], []), ...everywhere('list/b', [check], [])];
    expect(acknowledged(evidence(appended, transaction, ...lines))).toEqual([]);
  });

  it('finds a dot with two contents', () => {
    const other = { ...stored, hlc: stampAt(7) };
    const lines = [replica(stream, [stored], [1]), replica(stream, [other], [1], { region: WEST })];
    expect(named(acknowledged(evidence(appended, ...lines)))).toEqual(['one content of a dot']);
  });

  it('does not care about the order of members', () => {
    const { events, ...members } = stored;
    const lines = [replica(stream, [stored], [1]), replica(stream, [{ events, ...members }], [1], { region: WEST })];
    expect(acknowledged(evidence(appended, ...lines))).toEqual([]);
  });
});

describe('copies of a commit', () => {
  const DAY = 24 * 60 * 60 * 1000;

  /** Two commits of one append, and what is said of them. @param copy the second one */
  function judged(type: 'list' | 'note', copy: Partial<Parameters<typeof commit>[0]>) {
    const of = `${type}/a`;
    const effect = type === 'list' ? one : ({ do: 'note', text: 'red' } as const);
    const first = commit({ stream: of, commitId: 'a1', effect });
    const second = commit({ stream: of, commitId: 'a1', effect, ...copy });
    const lines = everywhere(of, [first, second], []);
    return named(acknowledged(evidence(append({ op: 1, stream: of, effect, dot }), ...lines)));
  }

  it('are allowed on a `merge` stream, in another Region that had not seen the first', () => {
    expect(judged('note', { log: WEST, context: {} })).toEqual([]);
  });

  it('are doubled commits on a `home` stream', () => {
    expect(judged('list', { log: WEST, context: {} })).toEqual(['no doubled commit']);
  });

  it('are doubled commits in the same log', () => {
    expect(judged('note', { position: 2, context: {} })).toEqual(['no doubled commit']);
  });

  it('are doubled commits if the second writer had seen the first', () => {
    expect(judged('note', { log: WEST, context: { [EAST]: 1 } })).toEqual(['no doubled commit']);
  });

  it('are commits of their own after 14 days, by the clock of the writer', () => {
    const later = { position: 2, hlc: stampAt(15 * DAY) };
    expect(judged('note', later)).toEqual([]);
    expect(judged('note', { ...later, hlc: stampAt(14 * DAY + 1001) })).toEqual([]);
    expect(judged('note', { ...later, hlc: stampAt(14 * DAY + 1000) })).toEqual(['no doubled commit']);
    expect(judged('note', { ...later, wallTime: 13 * DAY })).toEqual(['no doubled commit']);
  });
});

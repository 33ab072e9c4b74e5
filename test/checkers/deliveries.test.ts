// What is computed from streams: views, and what subscribers handle.
import { describe, expect, it } from 'vitest';
import type { Line, LineOf } from '../../checkers/history.ts';
import { subscribers } from '../../checkers/subscribers.ts';
import { views } from '../../checkers/views.ts';
import { commit, EAST, everywhere, evidence, header, named, WEST } from './a-history.ts';

type View = LineOf<'view'>;

const add = (stream: string, amount: number, of: Partial<Parameters<typeof commit>[0]> = {}) =>
  commit({ stream, commitId: `c${amount}`, effect: { do: 'add', amount }, ...of });

describe('views', () => {
  const balances = [
    ...everywhere('account/eu.ann', [add('account/eu.ann', 5)], 5),
    ...everywhere('account/eu.bob', [add('account/eu.bob', 3)], 3),
    ...everywhere('account/us.cid', [add('account/us.cid', 2)], 2),
  ];
  const view = (of: Partial<View>): View => ({
    ...{ line: 'view', region: WEST, view: 'money', of: 'account', shows: 'rows', values: {} },
    ...of,
  });
  const judged = (of: Partial<View>, lines: readonly Line[] = balances) => named(views(evidence(...lines, view(of))));
  const wrong = ['views equal folds'];

  it('have the state of each stream as its row', () => {
    const values = { 'eu.ann': 5, 'eu.bob': 3, 'us.cid': 2 };
    expect(judged({ values })).toEqual([]);
    expect(judged({ values: { ...values, 'us.cid': 3 } })).toEqual(wrong);
    expect(judged({ values: { 'eu.ann': 5, 'eu.bob': 3 } })).toEqual(wrong);
    expect(judged({ values: { ...values, 'us.dan': 0 } })).toEqual(wrong);
  });

  it('may or may not have a row for a stream without events', () => {
    const empty = everywhere('account/a', [add('account/a', 5, { state: 'aborted' })], 0);
    expect(judged({ values: {} }, empty)).toEqual([]);
    expect(judged({ values: { a: 0 } }, empty)).toEqual([]);
    expect(judged({ values: { a: 1 } }, empty)).toEqual(wrong);
    const both = [add('account/a', 5), add('account/a', 6, { position: 2, state: 'aborted' })];
    expect(judged({ values: {} }, everywhere('account/a', both, 5))).toEqual(wrong);
  });

  it('have the sums of states as totals, by id, prefix or altogether', () => {
    const totals = { shows: 'totals', sumOf: 'state' } as const;
    expect(judged({ ...totals, values: { 'eu.ann': 5, 'eu.bob': 3, 'us.cid': 2 } })).toEqual([]);
    expect(judged({ ...totals, keyBy: 'prefix', values: { eu: 8, us: 2 } })).toEqual([]);
    expect(judged({ ...totals, keyBy: 'all', values: { all: 10 } })).toEqual([]);
    expect(judged({ ...totals, keyBy: 'prefix', values: { eu: 8, us: 3 } })).toEqual(wrong);
    expect(judged({ ...totals, keyBy: 'prefix', values: { eu: 8 } })).toEqual(wrong);
    expect(judged({ ...totals, keyBy: 'prefix', values: { eu: 8, us: 2, ap: 0 } })).toEqual(wrong);
  });

  it('are not judged if what a stream contributes is not known', () => {
    expect(judged({ shows: 'totals', values: { eu: 99 } })).toEqual([]);
  });

  it('have the number of items, or of texts, as totals', () => {
    const noted = ['red', 'blue', 'red'].map((text, i) =>
      commit({ stream: 'note/n', commitId: `c${i}`, position: i + 1, effect: { do: 'note', text } }),
    );
    const lines = everywhere('note/n', noted, []);
    const totals = { of: 'note', shows: 'totals' } as const;
    expect(judged({ ...totals, sumOf: 'texts', values: { red: 2, blue: 1 } }, lines)).toEqual([]);
    expect(judged({ ...totals, sumOf: 'texts', values: { red: 1, blue: 1 } }, lines)).toEqual(wrong);
    expect(judged({ ...totals, sumOf: 'length', values: { n: 3 } }, lines)).toEqual([]);
    expect(judged({ ...totals, sumOf: 'length', values: { n: 2 } }, lines)).toEqual(wrong);
  });

  it('name the Region, the key and both values', () => {
    const [found] = views(
      evidence(...balances, view({ shows: 'totals', sumOf: 'state', keyBy: 'all', values: { all: 9 } })),
    );
    expect(found?.what).toBe('view money in us-west-2 shows 9 for all, whose streams fold to 10');
  });
});

describe('subscribers', () => {
  const stream = 'counter/a';
  const commits = [1, 2].map((position) => add(stream, position, { position }));
  const west = add(stream, 7, { log: WEST, context: {} });
  const stored = everywhere(stream, [...commits, west], 10);
  const id = (position: number, log = EAST) => `${stream}@${log}.${position}.0`;
  const handled = (at: number, position: number, of: Partial<LineOf<'handled'>> = {}): LineOf<'handled'> => {
    const log = of.log ?? EAST;
    const event = id(position, log);
    return {
      ...{ line: 'handled', at, region: EAST, subscriber: 'mails', promises: 'in-order' },
      ...{ event, stream, log, position, index: 0, ...of },
    };
  };
  const all = [handled(1, 1), handled(2, 2), handled(3, 1, { log: WEST })];
  const judged = (...lines: readonly Line[]) => named(subscribers(evidence(...lines, ...stored)));

  it('handle each event, again if need be, in the order of its log', () => {
    expect(judged(...all)).toEqual([]);
    expect(judged(...all, handled(9, 1))).toEqual([]);
    expect(judged(handled(0, 1, { log: WEST }), ...all)).toEqual([]);
  });

  it('do not miss one', () => {
    expect(judged(...all.slice(0, 2))).toEqual(['each event is handled']);
  });

  it('do not handle what is not visible', () => {
    expect(judged(...all, handled(4, 3))).toEqual(['each event is handled']);
  });

  it('do not first handle one after later ones of its log, if they promise an order', () => {
    const swapped = [handled(2, 1), handled(1, 2), handled(3, 1, { log: WEST })];
    expect(judged(...swapped)).toEqual(['events in order']);
    const elsewhere = swapped.map((line) => ({ ...line, region: WEST }));
    expect(judged(...all, ...elsewhere)).toEqual(['events in order']);
  });

  it('get events of their own Region in the order of each log, unless something happened to messages', () => {
    const swapped = [handled(2, 1), handled(1, 2), handled(3, 1, { log: WEST })].map(
      (line) => ({ ...line, promises: 'each' }) as const,
    );
    const fault = (name: string): Line => ({ line: 'fault', at: 0, fault: name, region: EAST });
    expect(judged(...swapped)).toEqual(['events leave in order']);
    expect(judged(fault('machine.dies'), ...swapped)).toEqual(['events leave in order']);
    expect(judged(fault('queue.again'), ...swapped)).toEqual([]);
    expect(judged(...swapped.map((line) => ({ ...line, region: WEST })))).toEqual([]);
  });

  it('get only some types: those of which they have handled an event', () => {
    const other = everywhere(
      'note/n',
      [commit({ stream: 'note/n', commitId: 'n', effect: { do: 'note', text: 'a' } })],
      [],
    );
    expect(judged(...all, ...other)).toEqual([]);
  });

  it('count each event once', () => {
    const counts = { [id(1)]: 1, [id(2)]: 1, [id(1, WEST)]: 1 };
    const tally = (of: Record<string, number>, types?: string[]): Line => ({
      ...{ line: 'tallied', region: EAST, subscriber: 'tally', of: 'events', counts: of },
      ...(types && { types }),
    });
    expect(judged(tally(counts))).toEqual([]);
    expect(judged(tally({ ...counts, [id(2)]: 2 }))).toEqual(['each event counts once']);
    expect(judged(tally({ [id(1)]: 1, [id(2)]: 1 }))).toEqual(['each event counts once']);
    expect(judged(tally({ ...counts, [id(9)]: 1 }))).toEqual(['each event counts once']);
    expect(judged(tally({}, ['note']))).toEqual([]);
  });

  describe('that are named to a Region', () => {
    const bills = { subscriber: 'bills', named: EAST };
    const moved = [
      handled(1, 1, bills),
      handled(2, 2, { ...bills, region: WEST }),
      handled(3, 1, { ...bills, log: WEST }),
    ];
    const counts = { [id(1)]: 1, [id(2)]: 1, [id(1, WEST)]: 1 };
    const twice: Line = {
      ...{ line: 'tallied', region: WEST, ...bills, of: 'events' },
      counts: { ...counts, [id(1)]: 2 },
    };
    const moves = (how: 'planned' | 'forced'): Line => header({ moves: how });
    const fault = (name: string): Line => ({ line: 'fault', at: 0, fault: name, region: EAST });

    it('handle each event in some Region, and in the order of its log in all of them together', () => {
      expect(judged(...moved)).toEqual([]);
      expect(judged(...moved.slice(0, 2))).toEqual(['each event is handled']);
      expect(judged(...moved, handled(9, 1, { ...bills, region: WEST }))).toEqual([]);
      const [first, second, other] = moved;
      const swapped = [first && { ...first, at: 2 }, second && { ...second, at: 1 }, other].filter(
        (line) => line !== undefined,
      );
      expect(judged(...swapped)).toEqual(['events in order']);
    });

    it('count an event once, unless a home was forced to move, or the progress may have been late', () => {
      const once: Line = { ...twice, counts };
      const missing: Line = { ...twice, counts: { [id(1)]: 1, [id(2)]: 1 } };
      const of = (...lines: readonly Line[]) => named(subscribers(evidence(...lines, ...stored)));
      expect(of(once)).toEqual([]);
      expect(of(twice)).toEqual(['each event counts once']);
      expect(of(moves('planned'), twice)).toEqual(['each event counts once']);
      expect(of(moves('planned'), fault('queue.again'), twice)).toEqual(['each event counts once']);
      expect(of(moves('planned'), fault('replication.late'), twice)).toEqual([]);
      expect(of(moves('forced'), twice)).toEqual([]);
      for (const how of ['planned', 'forced'] as const) {
        expect(of(moves(how), fault('outage'), missing)).toEqual(['each event counts once']);
        expect(of(moves(how), fault('outage'), { ...twice, counts: { ...counts, [id(1)]: 9 } })).toEqual([
          'each event counts once',
        ]);
      }
    });
  });

  it('are not judged if nothing is known to be stored', () => {
    expect(subscribers(evidence(...all))).toEqual([]);
  });
});

// The properties that are about one kind of line each.
import { describe, expect, it } from 'vitest';
import { cost } from '../../checkers/cost.ts';
import type { LineOf } from '../../checkers/history.ts';
import { intents } from '../../checkers/intents.ts';
import { liveness } from '../../checkers/liveness.ts';
import { stamps } from '../../checkers/stamps.ts';
import { commit, EAST, everywhere, evidence, named, replica, stampAt, WEST } from './a-history.ts';

const settled: LineOf<'settled'> = { line: 'settled', lastFault: 100, at: 150, bound: 50, deadLetters: { relay: 0 } };

describe('liveness', () => {
  it('accepts a history that settles within its bound', () => {
    expect(liveness(evidence(settled))).toEqual([]);
    expect(liveness(evidence())).toEqual([]);
  });

  it('finds a history that settles too late, or never', () => {
    const { at: _never, ...unsettled } = settled;
    expect(named(liveness(evidence({ ...settled, at: 151 })))).toEqual(['liveness']);
    expect(named(liveness(evidence(unsettled)))).toEqual(['liveness']);
  });

  it('finds messages that were given up', () => {
    const found = liveness(evidence({ ...settled, deadLetters: { relay: 0, resolver: 2 } }));
    expect(found).toMatchObject([{ property: 'no dead letter', what: '2 messages were given up: resolver' }]);
  });
});

describe('a request after everything has settled', () => {
  it('that is not answered is a violation', () => {
    const line: LineOf<'unanswered'> = {
      line: 'unanswered',
      at: 160,
      region: EAST,
      path: '/streams/a/b',
      code: 'unavailable',
    };
    const found = liveness(evidence(settled, line));
    expect(found).toMatchObject([{ property: 'liveness', what: expect.stringContaining('GET /streams/a/b') }]);
  });
});

describe('cost', () => {
  const most = { writes: 5, requests: 3, roundTrips: 1 };
  const line: LineOf<'cost'> = { line: 'cost', op: 7, of: 'transaction', warm: true, ...most, most };

  it('accepts what is within the stated limits', () => {
    expect(cost(evidence(line))).toEqual([]);
  });

  it.each(['writes', 'requests', 'roundTrips'] as const)('finds too many %s', (measure) => {
    const found = cost(evidence({ ...line, [measure]: most[measure] + 1 }));
    expect(found).toMatchObject([{ property: 'cost', ops: [7] }]);
    expect(found[0]?.what).toContain(measure);
  });
});

describe('intents', () => {
  const stream = 'account/a';
  const part = commit({ stream, commitId: 'us-east-1:t1#1', effect: { do: 'add', amount: 1 }, deadline: 40 });

  it('accepts intents that are final', () => {
    const aborted = { ...part, state: 'aborted' as const };
    expect(intents(evidence(replica(stream, [part], 1), replica(stream, [aborted], 0), settled))).toEqual([]);
  });

  it('are not said to be late if it is not known when the history has settled', () => {
    const [found] = intents(evidence(replica(stream, [{ ...part, state: 'prepared' }], 0)));
    expect(found?.what).toBe('us-east-1:t1#1 still holds us-east-1@1 of account/a in us-east-1');
  });

  it('finds an intent that is not, with how long its deadline is over', () => {
    const found = intents(evidence(replica(stream, [{ ...part, state: 'prepared' }], 0), settled));
    expect(found).toMatchObject([{ property: 'no open intent', streams: [stream] }]);
    expect(found[0]?.what).toBe(
      'us-east-1:t1#1 still holds us-east-1@1 of account/a in us-east-1, 110 ms after its deadline',
    );
  });
});

describe('stamps', () => {
  const stream = 'counter/a';
  const effect = { do: 'add', amount: 1 } as const;
  const first = commit({ stream, commitId: 'a', effect, hlc: stampAt(5, 1) });
  const judged = (...others: readonly Parameters<typeof everywhere>[1][number][]) =>
    named(stamps(evidence(...everywhere(stream, [first, ...others], 0))));

  it('accepts stamps above everything that the writer had seen, whatever other logs have', () => {
    const next = commit({ stream, commitId: 'b', position: 2, effect, hlc: stampAt(5, 2) });
    const other = commit({ stream, commitId: 'c', log: WEST, context: {}, effect, hlc: stampAt(1) });
    expect(judged(next, other)).toEqual([]);
  });

  it('finds a log whose stamps do not grow, even if the writer was based on nothing', () => {
    const next = { stream, commitId: 'b', position: 2, effect, context: {} };
    expect(judged(commit({ ...next, hlc: stampAt(5, 1) }))).toEqual(['stamps follow causality']);
    expect(judged(commit({ ...next, hlc: stampAt(5, 2) }))).toEqual([]);
  });

  it('finds a stamp below one of another log that the writer had seen', () => {
    const next = { stream, commitId: 'b', log: WEST, context: { [EAST]: 1 }, effect };
    expect(judged(commit({ ...next, hlc: stampAt(5) }))).toEqual(['stamps follow causality']);
  });

  it('counts empty positions too', () => {
    const empty = commit({ stream, commitId: 'b', position: 2, hlc: stampAt(9), state: 'aborted' });
    const next = commit({ stream, commitId: 'c', position: 3, effect, hlc: stampAt(8) });
    expect(judged(empty, next)).toEqual(['stamps follow causality']);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Commit, eventId, foldOrder } from '../../../core/facts/commit.ts';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import { aCommit } from '../../contract/commits.ts';
import { commitGraphs } from '../log/graph.ts';

function happenedBefore(a: Commit, b: Commit): boolean {
  return (b.context[a.log] ?? 0) >= a.position;
}

describe('fold order', () => {
  it('extends causal order, and the order of each log', () => {
    fc.assert(
      fc.property(commitGraphs, (commits) => {
        for (const a of commits)
          for (const b of commits) {
            if (happenedBefore(a, b)) expect(foldOrder(a, b)).toBeLessThan(0);
            if (a.log === b.log) expect(Math.sign(foldOrder(a, b))).toBe(Math.sign(a.position - b.position));
          }
      }),
    );
  });

  it('is total: stamps first, then logs, then positions', () => {
    const order = [
      aCommit({ hlc: '01', log: 'b', position: 1 }),
      aCommit({ hlc: '02', log: 'a', position: 9 }),
      aCommit({ hlc: '02', log: 'a', position: 10 }),
      aCommit({ hlc: '02', log: 'b', position: 1 }),
    ];
    expect(order.toReversed().sort(foldOrder)).toEqual(order);
    for (const [i, a] of order.entries())
      for (const [j, b] of order.entries()) expect(Math.sign(foldOrder(a, b))).toBe(Math.sign(i - j));
  });
});

describe('names', () => {
  it('number the events of a commit by its position', () => {
    expect(eventId(aCommit({ stream: 'note/red', log: 'us', position: 7 }), 2)).toBe('note/red@us.7.2');
  });

  it('split a stream into its type and its id', () => {
    expect(parseStreamRef('note/2001-01-01.red-blue.17')).toEqual({
      name: 'note/2001-01-01.red-blue.17',
      type: 'note',
      id: '2001-01-01.red-blue.17',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { conflicts } from '../../checkers/conflicts.ts';
import type { LineOf } from '../../checkers/history.ts';
import { commit, EAST, evidence, replica, stampAt, WEST } from './a-history.ts';

const stream = 'note/a';
const first = commit({ stream, commitId: 'a', effect: { do: 'note', text: 'red' }, hlc: stampAt(1) });
const other = { stream, commitId: 'b', log: WEST, effect: { do: 'note', text: 'blue' }, hlc: stampAt(2) } as const;
const east = { log: EAST, position: 1 };
const west = { log: WEST, position: 1 };

function shown(of: LineOf<'conflicts'>['conflicts'], on = stream): LineOf<'conflicts'> {
  return { line: 'conflicts', region: EAST, stream: on, conflicts: of };
}

describe('the conflicts that a Region shows', () => {
  it('are those of its commits', () => {
    const apart = replica(stream, [first, commit(other)], []);
    expect(conflicts(evidence(apart, shown([{ ...west, twice: false, against: [east] }])))).toEqual([]);
    const [missing] = conflicts(evidence(apart, shown([])));
    expect(missing).toMatchObject({ property: 'conflicts are shown', streams: [stream] });
    const seen = replica(stream, [first, commit({ ...other, context: { [EAST]: 1 } })], []);
    expect(conflicts(evidence(seen, shown([])))).toEqual([]);
    expect(conflicts(evidence(seen, shown([{ ...west, twice: false, against: [east] }])))).toHaveLength(1);
  });

  it('include a retry with other events, and not one with the same', () => {
    const again = replica(stream, [first, commit({ ...other, commitId: 'a' })], []);
    expect(conflicts(evidence(again, shown([{ ...west, twice: true, against: [east] }])))).toEqual([]);
    expect(conflicts(evidence(again, shown([])))).toHaveLength(1);
    const same = replica(stream, [first, commit({ ...other, commitId: 'a', effect: { do: 'note', text: 'red' } })], []);
    expect(conflicts(evidence(same, shown([])))).toEqual([]);
  });

  it('are none where logs take what they hold, but for retries', () => {
    const tickets = 'tickets/a';
    const use = { do: 'use', amount: 1 } as const;
    const both = [
      commit({ stream: tickets, commitId: 'a', effect: use }),
      commit({ stream: tickets, commitId: 'b', log: WEST, effect: use }),
    ];
    expect(conflicts(evidence(replica(tickets, both, {}), shown([], tickets)))).toEqual([]);
  });

  it('are not judged without the commits', () => {
    expect(conflicts(evidence(shown([{ ...west, twice: false, against: [east] }])))).toEqual([]);
  });
});

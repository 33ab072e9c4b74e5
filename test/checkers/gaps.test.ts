import { describe, expect, it } from 'vitest';
import { gaps } from '../../checkers/gaps.ts';
import { commit, EAST, evidence, named, replica, WEST } from './a-history.ts';

const stream = 'note/a';
const at = (position: number, log: string = EAST) =>
  commit({ stream, commitId: `${log}${position}`, position, log, effect: { do: 'note', text: 'red' } });

describe('gaps', () => {
  it('accepts logs without gaps whose version covers exactly them, empty positions included', () => {
    const empty = { ...at(2), state: 'aborted' as const, events: [] };
    expect(gaps(evidence(replica(stream, [empty, at(1), at(1, WEST)], [])))).toEqual([]);
  });

  it('takes positions that are only known to be empty for positions', () => {
    const empty = [2, 4].map((position) => ({ log: EAST, position }));
    const whole = replica(stream, [at(1), at(3)], [], { empty, version: { [EAST]: 4 } });
    expect(gaps(evidence(whole))).toEqual([]);
    expect(named(gaps(evidence({ ...whole, empty: [] })))).toEqual(['no gaps']);
  });

  it.each([
    ['begins later', [at(2)]],
    ['has a gap', [at(1), at(3)]],
    ['has a position twice', [at(1), at(1), at(2)]],
  ])('finds a log that %s', (_what, commits) => {
    expect(named(gaps(evidence(replica(stream, commits, []))))).toEqual(['no gaps']);
  });

  it.each([
    ['less', { [EAST]: 1 }],
    ['more', { [EAST]: 3 }],
    ['another log', { [EAST]: 2, [WEST]: 1 }],
  ])('finds a version that covers %s', (_what, version) => {
    const found = gaps(evidence(replica(stream, [at(1), at(2)], [], { version })));
    expect(named(found)).toEqual(['version of what is stored']);
  });
});

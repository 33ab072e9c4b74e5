import { describe, expect, it } from 'vitest';
import { convergence } from '../../checkers/convergence.ts';
import { commit, EAST, everywhere, evidence, named, replica, WEST } from './a-history.ts';

const stream = 'counter/a';
const five = commit({ stream, commitId: 'a', effect: { do: 'add', amount: 5 } });
const three = commit({ stream, commitId: 'b', log: WEST, context: {}, effect: { do: 'add', amount: 3 } });

describe('convergence', () => {
  it('accepts Regions that have the same commits, in any order, and the state that they fold to', () => {
    const lines = [replica(stream, [five, three], 8), replica(stream, [three, five], 8, { region: WEST })];
    expect(convergence(evidence(...lines))).toEqual([]);
  });

  it('takes the texts of a set in any order', () => {
    const commits = ['red', 'blue'].map((value, i) =>
      commit({ stream: 'set/a', commitId: value, position: i + 1, effect: { do: 'insert', value } }),
    );
    const lines = [
      replica('set/a', commits, ['red', 'blue']),
      replica('set/a', commits, ['blue', 'red'], { region: WEST }),
    ];
    expect(convergence(evidence(...lines))).toEqual([]);
  });

  it('takes the numbers of a list in their order', () => {
    const commits = [1, 2].map((value) =>
      commit({ stream: 'list/a', commitId: `c${value}`, position: value, effect: { do: 'append', value } }),
    );
    expect(convergence(evidence(...everywhere('list/a', commits, [1, 2])))).toEqual([]);
    expect(named(convergence(evidence(...everywhere('list/a', commits, [2, 1]))))).toEqual(['reference fold']);
  });

  it('finds a Region that lacks a commit', () => {
    const lines = [replica(stream, [five, three], 8), replica(stream, [five], 5, { region: WEST })];
    const found = convergence(evidence(...lines));
    expect(found).toMatchObject([{ property: 'convergence', streams: [stream] }]);
    expect(found[0]?.what).toBe('only one of us-east-1 and us-west-2 has us-west-2@1 (visible) of counter/a');
  });

  it('finds a position that is empty in one Region only', () => {
    const of = { empty: [{ log: EAST, position: 2 }], version: { [EAST]: 2 } };
    const lines = [replica(stream, [five], 5, of), replica(stream, [five], 5, { ...of, region: WEST })];
    expect(convergence(evidence(...lines))).toEqual([]);
    const one = replica(stream, [five], 5, { region: WEST, version: of.version });
    expect(convergence(evidence(replica(stream, [five], 5, of), one))[0]?.what).toBe(
      'only one of us-east-1 and us-west-2 has us-east-1@2 (aborted) of counter/a',
    );
  });

  it('finds Regions at different versions', () => {
    const version = { [EAST]: 1 };
    const lines = [replica(stream, [five], 5), replica(stream, [five], 5, { region: WEST, version: {} })];
    expect(named(convergence(evidence(...lines)))).toEqual(['convergence']);
    expect(convergence(evidence(...lines.map((line) => ({ ...line, version }))))).toEqual([]);
  });

  it('finds Regions that show different states', () => {
    const lines = [replica(stream, [five], 5), replica(stream, [five], 6, { region: WEST })];
    expect(named(convergence(evidence(...lines)))).toEqual(['convergence', 'reference fold']);
  });

  it('finds Regions that agree on a state that their commits do not fold to', () => {
    expect(convergence(evidence(...everywhere(stream, [five, three], 7)))).toMatchObject([
      { property: 'reference fold' },
      { property: 'reference fold' },
    ]);
  });
});

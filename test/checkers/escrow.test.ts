import { describe, expect, it } from 'vitest';
import { bases } from '../../checkers/bases.ts';
import { escrow } from '../../checkers/escrow.ts';
import type { Effect } from '../../checkers/history.ts';
import { foldOf } from '../../checkers/reference/fold.ts';
import { append, commit, EAST, everywhere, evidence, read, WEST } from './a-history.ts';

const stream = 'tickets/a';

const grant: Effect = { do: 'grant', amount: 3, region: EAST };
const granted = commit({ stream, commitId: 'a1', effect: grant });

function state(value: number, rights: Readonly<Record<string, number>>) {
  return { value, rights };
}

describe('a number that every Region takes from', () => {
  it('is folded by the log of each event', () => {
    const commits = [
      granted,
      commit({ stream, commitId: 'a2', position: 2, effect: { do: 'move', amount: 2, from: EAST, to: WEST } }),
      commit({ stream, commitId: 'a3', log: WEST, context: { [EAST]: 2 }, effect: { do: 'use', amount: 1 } }),
    ];
    expect(foldOf('escrow', commits)).toEqual(state(2, { [EAST]: 1, [WEST]: 1 }));
    expect(foldOf('escrow', [])).toEqual(state(0, {}));
  });

  it('may be shown as it is', () => {
    const shown = state(3, { [EAST]: 3 });
    expect(escrow(evidence(read({ op: 1, stream, state: shown }), ...everywhere(stream, [granted], shown)))).toEqual(
      [],
    );
  });

  it.each([
    [state(-1, { [EAST]: -1 }), 'the value is negative'],
    [state(1, { [EAST]: 2, [WEST]: -1 }), `the log ${WEST} has taken more than it might`],
    [state(2, { [EAST]: 3 }), 'what the logs may take is not the value'],
  ])('must not be shown as %j', (shown, why) => {
    const [violation, ...others] = escrow(evidence(read({ op: 1, stream, state: shown })));
    expect(violation).toMatchObject({ property: 'escrow', ops: [1], streams: [stream] });
    expect(violation?.what).toContain(why);
    expect(others).toEqual([]);
  });

  it('is given only in the Region that is named', () => {
    const elsewhere = commit({ stream, commitId: 'a1', log: WEST, effect: grant });
    const [violation] = escrow(evidence(...everywhere(stream, [elsewhere], state(3, { [WEST]: 3 }))));
    expect(violation?.what).toBe(`${WEST} has written ${WEST}@1 of ${stream}, which ${EAST} has to give`);
  });

  it('is decided on more than the version that was named, and never on less', () => {
    const use: Effect = { do: 'use', amount: 1 };
    const asked = append({ op: 2, stream, effect: use, basedOn: { [EAST]: 1 } });
    const based = (context: Readonly<Record<string, number>>) => {
      const used = commit({ stream, commitId: 'a2', position: 3, effect: use, context });
      const second = commit({ stream, commitId: 'a0', position: 2, effect: grant });
      return bases(evidence(asked, ...everywhere(stream, [granted, second, used], {})));
    };
    expect(based({ [EAST]: 2 })).toEqual([]);
    expect(based({ [EAST]: 1 }).map(({ property }) => property)).toEqual(['linear log']);
    expect(based({}).map(({ property }) => property)).toEqual(['based on', 'linear log']);
  });
});

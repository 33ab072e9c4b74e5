import { describe, expect, it } from 'vitest';
import { bases } from '../../checkers/bases.ts';
import { escrow } from '../../checkers/escrow.ts';
import type { Effect, HistoryCommit } from '../../checkers/history.ts';
import { foldOf } from '../../checkers/reference/fold.ts';
import { append, commit, EAST, everywhere, evidence, read, stampAt, WEST } from './a-history.ts';

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

  describe('when an id is used for two requests', () => {
    const taken = (commitId: string, position: number, amount: number) =>
      commit({ stream, commitId, position, fingerprint: commitId, effect: { do: 'use', amount } });
    /** East grants 3, which has been taken when a grant of 4 to West arrives that counts instead. */
    const first = commit({
      ...{ stream, commitId: 'a1', log: WEST, hlc: stampAt(500), fingerprint: 'of West' },
      effect: { do: 'grant', amount: 4, region: WEST },
    });
    const second = { ...granted, fingerprint: 'of East' };
    const shows = (commits: readonly HistoryCommit[], rights: Readonly<Record<string, number>>) => {
      const value = Object.values(rights).reduce((sum, amount) => sum + amount, 0);
      return escrow(evidence(...everywhere(stream, commits, state(value, rights)))).map(({ what }) => what);
    };

    it('may lack what the one that does not count has granted, and no more', () => {
      expect(shows([first, second, taken('a2', 2, 3)], { [WEST]: 4, [EAST]: -3 })).toEqual([]);
      const more = shows([first, second, taken('a2', 2, 4)], { [WEST]: 4, [EAST]: -4 });
      expect(more[0]).toContain(`the log ${EAST} has taken more than it might`);
    });

    it('may be below its bound by as much', () => {
      const small = {
        ...first,
        events: first.events.map((event) => ({ ...event, effect: { do: 'grant' as const, amount: 1, region: WEST } })),
      };
      expect(shows([small, second, taken('a2', 2, 3)], { [WEST]: 1, [EAST]: -3 })).toEqual([]);
      expect(shows([small, second, taken('a2', 2, 5)], { [WEST]: 1, [EAST]: -5 })[0]).toContain(
        'the value is negative',
      );
    });

    it('may lack what was moved by the one that does not count, where it was moved to', () => {
      const move: Effect = { do: 'move', amount: 2, from: EAST, to: WEST };
      const moved = commit({
        stream,
        commitId: 'a1',
        position: 2,
        hlc: stampAt(1500),
        fingerprint: 'move',
        effect: move,
      });
      const before = { ...granted, commitId: 'a0', fingerprint: 'grant' };
      const spent = (log: string) => ({
        ...taken('a3', 1, 6),
        log,
        region: log,
        hlc: stampAt(9000),
        context: { [EAST]: 2 },
      });
      expect(shows([first, before, moved, spent(WEST)], { [WEST]: -2, [EAST]: 3 })).toEqual([]);
      expect(shows([first, before, moved, spent(WEST)], { [WEST]: 4, [EAST]: -2 })).not.toEqual([]);
    });

    it('lacks nothing because of a copy of the same request, or in what does not show the other one', () => {
      const same = { ...first, fingerprint: second.fingerprint };
      expect(shows([same, second, taken('a2', 2, 3)], { [WEST]: 4, [EAST]: -3 })).not.toEqual([]);
      const early = read({ op: 1, stream, version: { [EAST]: 2 }, state: state(-3, { [EAST]: -3 }) });
      const stored = everywhere(stream, [first, second, taken('a2', 2, 3)], state(1, { [WEST]: 4, [EAST]: -3 }));
      expect(escrow(evidence(early, ...stored)).map(({ ops }) => ops)).toEqual([[1]]);
    });

    it('lacks nothing because the one that does not count had taken', () => {
      const use = commit({ stream, commitId: 'a2', log: WEST, fingerprint: 'one', effect: { do: 'use', amount: 0 } });
      const commits = [second, { ...use, hlc: stampAt(1500), context: { [EAST]: 1 } }, taken('a2', 2, 3)];
      expect(shows(commits, { [EAST]: 3, [WEST]: 0 })).toEqual([]);
      expect(shows(commits, { [EAST]: -3, [WEST]: 0 })).not.toEqual([]);
    });
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

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entryFor, joinPlacements, NO_PLACEMENT, type Placement } from '../../../core/facts/placement.ts';
import { type Move, planFailback, planMove } from '../../../core/placement/moves.ts';

const regions = ['a', 'b', 'c'];
const types = ['till', 'tree'];

/** The placement after planned and forced moves, each written where it has to be. */
function placed(...moves: readonly Move[]): Placement {
  return moves.reduce((placement, move, at) => {
    const by = move.kind === 'planned' ? move.from : move.to;
    return joinPlacements(placement, planMove(placement, move, { by, at, regions, types }));
  }, NO_PLACEMENT);
}
const planned = (from: string, to: string, of: Partial<Move> = {}): Move => ({ from, to, kind: 'planned', ...of });
const forced = (from: string, to: string, of: Partial<Move> = {}): Move => ({ from, to, kind: 'forced', ...of });
const actingIn = (placement: Placement, home: string, type = 'till') => entryFor(placement, home, type)?.acting ?? home;

describe('a move', () => {
  test('of a Region has an entry for its own streams, with the next epoch and the Region as a source', () => {
    expect(placed(planned('a', 'b'))).toEqual({
      a: { forced: 0, epoch: 1, kind: 'planned', by: 'a', acting: 'b', sources: ['a'], lost: [], at: 0 },
    });
  });

  test('of a Region takes along what it writes for others, with all sources', () => {
    const placement = placed(planned('a', 'b'), planned('b', 'c'));
    expect(Object.keys(placement)).toEqual(['a', 'b']);
    expect(placement.a).toMatchObject({ epoch: 2, acting: 'c', sources: ['a', 'b'] });
    expect(placement.b).toMatchObject({ epoch: 2, acting: 'c', sources: ['b'] });
  });

  test('that is forced takes a Region for lost for which the target waits', () => {
    const placement = placed(planned('a', 'b'), { ...planned('a', 'b'), kind: 'forced' });
    expect(placement.a).toMatchObject({ forced: 1, epoch: 2, acting: 'b', sources: ['a'], lost: ['a'] });
    expect(placed(planned('a', 'b'), planned('a', 'b'))).toEqual(placed(planned('a', 'b')));
  });

  test('of a Region leaves what another one writes for it', () => {
    const placement = placed(planned('a', 'b', { type: 'till' }), planned('a', 'c'));
    expect(actingIn(placement, 'a', 'till')).toBe('b');
    expect(actingIn(placement, 'a', 'tree')).toBe('c');
  });

  test('of a type moves only streams of that type, for every home whose streams the Region writes', () => {
    const placement = placed(planned('a', 'b'), planned('b', 'c', { type: 'till' }));
    expect(Object.keys(placement)).toEqual(['a', 'a/till', 'b/till']);
    expect(placement['a/till']).toMatchObject({ acting: 'c', sources: ['a', 'b'] });
    expect([actingIn(placement, 'a', 'tree'), actingIn(placement, 'b', 'tree')]).toEqual(['b', 'b']);
  });

  test('of a home moves only streams with that home', () => {
    const placement = placed(planned('a', 'b'), planned('b', 'a', { home: 'a' }));
    expect(Object.keys(placement)).toEqual(['a']);
    expect(placement.a).toMatchObject({ acting: 'a', sources: ['a', 'b'] });
  });

  test('that is forced takes the Region for lost, until that one writes again', () => {
    const lost = placed(forced('a', 'b'));
    expect(lost.a).toMatchObject({ kind: 'forced', by: 'b', acting: 'b', lost: ['a'] });
    expect(placed(forced('a', 'b'), planned('b', 'c')).a?.lost).toEqual(['a']);
    expect(placed(forced('a', 'b'), planned('b', 'a', { home: 'a' })).a?.lost).toEqual([]);
  });

  test('that is forced wins over that of a type which the lost Region had planned meanwhile', () => {
    const unseen = planMove(NO_PLACEMENT, planned('a', 'c', { type: 'till' }), { by: 'a', at: 0, regions, types });
    expect(actingIn(joinPlacements(placed(forced('a', 'b')), unseen), 'a', 'till')).toBe('b');
  });

  test('that is complete leaves its Region as the only source, and none lost', () => {
    const before = placed(forced('a', 'b'));
    const { a } = before;
    if (!a) throw new Error('It has no entry.');
    const shown = joinPlacements(before, { a: { ...a, shownAt: 5 } });
    const complete = joinPlacements({ a: { ...a, sources: [], lost: [] } }, shown);
    expect(shown.a).toMatchObject({ sources: ['a'], shownAt: 5 });
    expect(joinPlacements(shown, before)).toEqual(shown);
    expect(complete.a).toMatchObject({ acting: 'b', sources: [], lost: [] });
    expect(joinPlacements(shown, complete)).toEqual(complete);
    const next = planMove(complete, planned('b', 'c'), { by: 'b', at: 1, regions, types });
    expect(next.a).toMatchObject({ acting: 'c', sources: ['b'], lost: [] });
    expect(joinPlacements(complete, next).a).toEqual(next.a);
  });

  test('of a Region that writes nothing has no entries', () => {
    const placement = placed(planned('a', 'b'));
    expect(planMove(placement, planned('a', 'c'), { by: 'a', at: 0, regions, types })).toEqual({});
  });
});

describe('a failback', () => {
  test('is one move from each Region that writes streams of the home', () => {
    const placement = placed(planned('a', 'b'), planned('b', 'c', { type: 'till' }));
    expect(planFailback(placement, { home: 'a' })).toEqual([
      { from: 'b', to: 'a', home: 'a', kind: 'planned' },
      { from: 'c', to: 'a', home: 'a', kind: 'planned' },
    ]);
    expect(planFailback(placement, { home: 'a', type: 'till' })).toEqual([
      { from: 'c', to: 'a', home: 'a', kind: 'planned', type: 'till' },
    ]);
    expect(planFailback(placement, { home: 'a', type: 'tree' })).toEqual([
      { from: 'b', to: 'a', home: 'a', kind: 'planned', type: 'tree' },
    ]);
  });

  test('has no moves while everything is at home', () => {
    expect(planFailback(NO_PLACEMENT, { home: 'a' })).toEqual([]);
    expect(planFailback(NO_PLACEMENT, { home: 'a', type: 'till' })).toEqual([]);
    expect(planFailback(placed(planned('a', 'b'), planned('b', 'a', { home: 'a' })), { home: 'a' })).toEqual([]);
  });
});

const anyMove = fc.record({
  from: fc.constantFrom(...regions),
  to: fc.constantFrom(...regions),
  kind: fc.constantFrom('planned' as const, 'forced' as const),
  type: fc.option(fc.constantFrom(...types), { nil: undefined }),
});

test('whatever moves: the Region writes nothing of it any more, sources are all that have written, and a failback brings all home', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 8 }), (moves) => {
      let placement = NO_PLACEMENT;
      const wrote = new Map<string, Set<string>>();
      for (const move of moves.filter(({ from, to }) => from !== to)) {
        const before = placement;
        placement = joinPlacements(placement, planMove(placement, move, { by: move.from, at: 0, regions, types }));
        for (const home of regions)
          for (const type of types) {
            const moves = actingIn(before, home, type) === move.from && (move.type ?? type) === type;
            expect(actingIn(placement, home, type)).toBe(moves ? move.to : actingIn(before, home, type));
            const all = wrote.get(`${home}/${type}`) ?? new Set([home]);
            wrote.set(`${home}/${type}`, all);
            if (moves) expect(new Set(entryFor(placement, home, type)?.sources)).toEqual(new Set(all));
            all.add(actingIn(placement, home, type));
          }
      }
      for (const home of regions) {
        for (const move of planFailback(placement, { home }))
          placement = joinPlacements(placement, planMove(placement, move, { by: move.from, at: 0, regions, types }));
        for (const type of types) expect(actingIn(placement, home, type)).toBe(home);
      }
    }),
  );
});

test('what is at home in a Region that was removed moves on with the Region that writes it: streams may have it as their home by a pin', () => {
  const first = planMove(NO_PLACEMENT, { from: 'a', to: 'b', kind: 'planned' }, { by: 'a', at: 0, regions, types });
  const left = regions.filter((region) => region !== 'a');
  const next = planMove(first, { from: 'b', to: 'c', kind: 'planned' }, { by: 'b', at: 0, regions: left, types });
  expect(Object.keys(next).toSorted()).toEqual(['a', 'b']);
  expect(next.a).toMatchObject({ acting: 'c', sources: ['a', 'b'] });
});

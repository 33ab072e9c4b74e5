import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, type Done, hasSeen, NAMES, Play, PROCESSES } from './play.ts';

const name = fc.constantFrom(...NAMES);
const run = { at: name, process: fc.nat(PROCESSES - 1), isLate: fc.boolean() };
const moves: readonly fc.WeightedArbitrary<Action>[] = [
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('append' as const), ...run }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'release' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('move' as const), from: name, to: name }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      what: fc.constantFrom('log', 'entries'),
      from: name,
      to: name,
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'wait' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'complete' as const }) },
];
const pins: fc.WeightedArbitrary<Action> = {
  weight: 3,
  arbitrary: fc.record({ kind: fc.constant('pin' as const), to: name, ...run }),
};
const forced: fc.WeightedArbitrary<Action> = {
  weight: 1,
  arbitrary: fc.record({ kind: fc.constant('force' as const), from: name, to: name }),
};

/** All acknowledged appends are in one order, and that is the order of those that did not overlap. */
function expectOneOrder(done: readonly Done[]): void {
  for (const a of done)
    for (const b of done) {
      if (a === b) continue;
      expect(hasSeen(a, b) !== hasSeen(b, a)).toBe(true);
      if (a.ended < b.began) expect(hasSeen(b, a)).toBe(true);
    }
}

function actionsOf(...kinds: readonly fc.WeightedArbitrary<Action>[]) {
  return fc.array(fc.oneof(...kinds), { minLength: 10, maxLength: 80 });
}

describe('a stream whose home moves at any time', () => {
  it('is linearizable, whatever its processes still know, and however late their writes are', () =>
    fc.assert(
      fc.asyncProperty(actionsOf(...moves), async (actions) => {
        const play = new Play();
        await play.run(actions);
        expectOneOrder(await play.acknowledged());
        expect(await play.canBeWritten()).toBe(true);
      }),
      { numRuns: 150 },
    ));

  it('loses nothing that was acknowledged, and can be written again, however often the move is forced', () =>
    fc.assert(
      fc.asyncProperty(actionsOf(...moves, forced), async (actions) => {
        const play = new Play();
        await play.run(actions);
        await play.acknowledged();
        expect(await play.canBeWritten()).toBe(true);
      }),
      { numRuns: 100 },
    ));
});

describe('a stream whose own home moves at any time, while what Regions write moves too', () => {
  it('is linearizable, whatever its processes still know, and however late their writes and pins are', () =>
    fc.assert(
      fc.asyncProperty(actionsOf(...moves, pins), async (actions) => {
        const play = new Play();
        await play.run(actions);
        expectOneOrder(await play.acknowledged());
        expect(await play.canBeWritten()).toBe(true);
      }),
      { numRuns: 200 },
    ));

  it('loses nothing that was acknowledged, and can be written again, however often a move is forced', () =>
    fc.assert(
      fc.asyncProperty(actionsOf(...moves, pins, forced), async (actions) => {
        const play = new Play();
        await play.run(actions);
        await play.acknowledged();
        expect(await play.canBeWritten()).toBe(true);
      }),
      { numRuns: 100 },
    ));
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planHistory } from '../../simulator/plan.ts';
import type { Schedule } from '../../simulator/schedule.ts';
import { shrink } from '../../simulator/shrink.ts';

const schedule = planHistory(1, 'everything');
const { steps } = schedule;

/** Fails if all of these steps are in a schedule. */
function needs(needed: readonly number[]) {
  let runs = 0;
  return {
    fails: async ({ steps: some }: Schedule) => {
      runs++;
      return needed.every((i) => steps[i] !== undefined && some.includes(steps[i]));
    },
    runs: () => runs,
  };
}

describe('shrinking a schedule', () => {
  it('keeps exactly the steps that the failure needs, in their order', async () => {
    const some = fc.uniqueArray(fc.integer({ min: 0, max: steps.length - 1 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(some, async (needed) => {
        const { fails } = needs(needed);
        const small = await shrink(schedule, fails, 10_000);
        expect(small.steps).toEqual(needed.toSorted((a, b) => a - b).map((i) => steps[i]));
        expect(small.setting).toEqual(schedule.setting);
      }),
      { numRuns: 50 },
    );
  });

  it('ends after the number of attempts that it has, with a schedule that fails', async () => {
    const { fails, runs } = needs([3, 20, 41]);
    const small = await shrink(schedule, fails, 7);
    expect(runs()).toBe(7);
    expect(small.steps.length).toBeLessThan(steps.length);
    expect(await fails(small)).toBe(true);
  });

  it('keeps a schedule of which every step is needed', async () => {
    const { fails } = needs([...steps.keys()]);
    expect((await shrink(schedule, fails)).steps).toEqual(steps);
  });
});

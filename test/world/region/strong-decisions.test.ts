import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import type { Decision } from '../../../core/index.ts';
import { strongDecisions } from '../../../world/region/strong-decisions.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { aDecision } from '../../contract/decisions.ts';

/** How long one direction to another Region takes, in milliseconds, and which directions are cut. */
interface Way {
  readonly takes: number;
  cut?: 'there' | 'back' | undefined;
}

/** Decisions as seen by a Region with these links to the others. */
function aRegionWith(...ways: readonly Way[]) {
  const scheduler = new VirtualScheduler(0);
  const shared = memoryDecisions({ strong: true });
  const put: Decision[] = [];
  const pass = async (way: Way, leg: 'there' | 'back') => {
    await sleepOn(scheduler, way.takes);
    if (way.cut === leg) throw new Error('The link is cut.');
  };
  const decisions = strongDecisions(
    shared,
    () => ways.map((way) => ({ there: () => pass(way, 'there'), back: () => pass(way, 'back') })),
    (decision) => put.push(decision),
  );
  return { scheduler, shared, put, decisions };
}

const ID = 'us-east-1:a';

describe('strong decisions', () => {
  it('take the round trip to the nearest of two other Regions, and take effect half-way', async () => {
    const { scheduler, shared, decisions, put } = aRegionWith({ takes: 30 }, { takes: 20 });
    const decision = aDecision({ transaction: ID });

    const putting = decisions.put(decision);
    await scheduler.run(19);
    expect(await shared.find(ID, 1)).toBeUndefined();
    await scheduler.run(1);
    expect(await shared.find(ID, 1)).toEqual(decision);
    expect(await scheduler.resolve(putting)).toBeUndefined();

    expect(scheduler.now()).toBe(40);
    expect(put).toEqual([decision]);
    expect(await scheduler.resolve(decisions.find(ID, 1))).toEqual(decision);
    expect(await scheduler.resolve(decisions.attempts(ID))).toEqual([decision]);
    const { decisions: scanned } = await scheduler.resolve(decisions.scan(0, 1, undefined, 10));
    expect(scanned).toEqual([decision]);
    expect(scheduler.now()).toBe(160);
  });

  it('keep the first decision on an attempt, and return it to the second', async () => {
    const { scheduler, decisions, put } = aRegionWith({ takes: 30 }, { takes: 20 });
    const first = aDecision({ transaction: ID });
    const second = aDecision({ transaction: ID, state: 'aborted', participants: [] });

    expect(await scheduler.resolve(decisions.put(first))).toBeUndefined();
    expect(await scheduler.resolve(decisions.put(second))).toEqual(first);

    expect(put).toEqual([first]);
  });

  it.each([
    { cut: 'there', isStored: false },
    { cut: 'back', isStored: true },
  ] as const)(
    'cannot be read without a majority if the way $cut is cut (stored: $isStored)',
    async ({ cut, isStored }) => {
      const ways: Way[] = [
        { takes: 30, cut },
        { takes: 20, cut },
      ];
      const { scheduler, shared, decisions } = aRegionWith(...ways);

      await expect(scheduler.resolve(decisions.put(aDecision({ transaction: ID })))).rejects.toMatchObject({
        code: 'unavailable',
        retryable: true,
      });
      expect((await shared.find(ID, 1)) !== undefined).toBe(isStored);
      for (const way of ways) way.cut = undefined;
      expect((await scheduler.resolve(decisions.find(ID, 1))) !== undefined).toBe(isStored);
    },
  );

  it('continue while one of two other Regions is cut off, at the latency of the other', async () => {
    const { scheduler, decisions } = aRegionWith({ takes: 30 }, { takes: 20, cut: 'there' });
    await scheduler.resolve(decisions.put(aDecision({ transaction: ID })));
    expect(scheduler.now()).toBe(60);
  });

  it('need two of four other Regions', async () => {
    const cut = 'there';
    const most = aRegionWith({ takes: 10 }, { takes: 30 }, { takes: 20, cut }, { takes: 20, cut });
    await most.scheduler.resolve(most.decisions.attempts(ID));
    expect(most.scheduler.now()).toBe(60);

    const few = aRegionWith({ takes: 10 }, { takes: 30, cut }, { takes: 20, cut }, { takes: 20, cut });
    await expect(few.scheduler.resolve(few.decisions.attempts(ID))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

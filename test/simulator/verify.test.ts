import { describe, expect, it } from 'vitest';
import { isProfile, PROFILE_NAMES, planHistory } from '../../simulator/plan.ts';
import { runHistory } from '../../simulator/run-history.ts';
import { verifyWorld } from '../world/verify-world.ts';

describe('verify, when everything has settled', () => {
  it.each(PROFILE_NAMES.filter(isProfile))('finds nothing after histories of the profile %s', async (profile) => {
    let streams = 0;
    await runHistory(planHistory(2, profile, 120), undefined, async ({ world, scheduler }) => {
      const { found, looked } = await scheduler.resolve(verifyWorld(world, scheduler));
      expect(found).toEqual([]);
      streams = looked.streams;
    });
    expect(streams).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from 'vitest';
import { isProfile, PROFILE_NAMES, planHistory } from '../../simulator/plan.ts';
import { isOperation, scheduleSchema } from '../../simulator/schedule.ts';

const profiles = PROFILE_NAMES.filter(isProfile);
const seeds = Array.from({ length: 40 }, (_, i) => i + 1);

describe.each(profiles)('the profile %s', (profile) => {
  it('draws the same schedule for the same seed, and others for others', () => {
    expect(planHistory(7, profile)).toEqual(planHistory(7, profile));
    expect(planHistory(8, profile).steps).not.toEqual(planHistory(7, profile).steps);
  });

  it('draws as many operations as asked for, in the order of their times', () => {
    for (const seed of seeds) {
      const { steps } = planHistory(seed, profile, 20);
      expect(steps.filter(isOperation)).toHaveLength(20);
      expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).sort((a, b) => a - b));
    }
  });

  it('draws schedules that are the same after being written to a file and read', () => {
    for (const seed of seeds) {
      const schedule = planHistory(seed, profile);
      expect(scheduleSchema.parse(JSON.parse(JSON.stringify(schedule)))).toEqual(schedule);
    }
  });
});

describe('a calm history', () => {
  it('has no trouble', () => {
    for (const seed of seeds) expect(planHistory(seed, 'calm').steps.every(isOperation)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { isProfile, PROFILE_NAMES, planHistory } from '../../simulator/plan.ts';
import { isOperation, type Schedule, scheduleSchema } from '../../simulator/schedule.ts';
import type { Operation } from '../../workload/operation.ts';

const profiles = PROFILE_NAMES.filter(isProfile);
/** The claims of prizes are drawn apart, and come in addition. */
function isClaim(step: Operation): boolean {
  return 'stream' in step && step.stream.startsWith('prize/');
}

function operationsOf({ steps }: Schedule): readonly Operation[] {
  return steps.filter(isOperation).filter((step) => !isClaim(step));
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1);

describe.each(profiles)('the profile %s', (profile) => {
  it('draws the same schedule for the same seed, and others for others', () => {
    expect(planHistory(7, profile)).toEqual(planHistory(7, profile));
    expect(planHistory(8, profile).steps).not.toEqual(planHistory(7, profile).steps);
  });

  it('draws as many operations as asked for, in the order of their times', () => {
    for (const seed of seeds) {
      const schedule = planHistory(seed, profile, 20);
      const { steps } = schedule;
      expect(operationsOf(schedule)).toHaveLength(20);
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

describe('clients', () => {
  const drawn = seeds.flatMap((seed) => planHistory(seed, 'calm').steps.filter(isOperation));
  const appends = drawn.filter((step) => step.kind === 'append');

  it('send some operations again, in any Region, and several at once', () => {
    const again = drawn.flatMap((step) => ('again' in step && step.again ? [{ step, again: step.again }] : []));
    expect(again.some(({ step, again }) => again.region !== step.region)).toBe(true);
    expect(again.some(({ again }) => again.after < 1_000)).toBe(true);
    expect(new Set(drawn.map(({ at }) => at)).size).toBeLessThan(0.9 * drawn.length);
  });

  it('use some ids for two appends to one stream', () => {
    for (const seed of seeds) {
      const own = operationsOf(planHistory(seed, 'calm')).filter(
        (step) => step.kind === 'append' && step.id !== undefined,
      );
      const shared = Map.groupBy(own, (step) => (step.kind === 'append' ? `${step.stream} ${step.id}` : ''));
      for (const same of shared.values()) expect(same.length).toBeGreaterThan(1);
    }
    expect(appends.some(({ id }) => id !== undefined)).toBe(true);
  });

  it('use one type of streams in a long history, and send what it can', () => {
    for (const seed of seeds) {
      const steps = operationsOf(planHistory(seed, 'long'));
      const streams = steps.flatMap((step) =>
        step.kind === 'transact' ? step.participants.map(({ stream }) => stream) : step.stream,
      );
      expect(new Set(streams.map((stream) => stream.split('/')[0])).size).toBe(1);
    }
  });
});

describe('prizes', () => {
  it('are claimed in some histories, in several Regions at once', () => {
    const claimed = seeds.map((seed) => planHistory(seed, 'calm').steps.filter(isOperation).filter(isClaim));
    expect(claimed.filter((claims) => claims.length === 0).length).toBeGreaterThan(seeds.length / 2);
    const some = claimed.filter((claims) => claims.length > 0);
    expect(some.length).toBeGreaterThan(5);
    for (const claims of some) expect(new Set(claims.map(({ region }) => region)).size).toBeGreaterThan(1);
  });
});

describe('a calm history', () => {
  it('has no trouble', () => {
    for (const seed of seeds) expect(planHistory(seed, 'calm').steps.every(isOperation)).toBe(true);
  });
});

import type { History, Violation } from '../checkers/history.ts';
import { checkHistory } from '../checkers/index.ts';
import type { Covered } from './coverage.ts';
import { isProfile, PROFILE_NAMES, type ProfileName, planHistory } from './plan.ts';
import { runHistory } from './run-history.ts';
import type { Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import type { Follow } from './stage.ts';

/** A history that was checked. */
export interface Checked {
  readonly schedule: Schedule;
  readonly history: History;
  readonly operations: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly covered: Covered;
  readonly violations: readonly Violation[];
}

/** The profile of a seed, if none is asked for: each in turn. */
function profileOf(seed: number): ProfileName {
  const name = PROFILE_NAMES[seed % PROFILE_NAMES.length] ?? '';
  return isProfile(name) ? name : 'everything';
}

/** Runs a schedule and checks its history. @throws Error with the seed, if the history does not come to its end */
export async function runSchedule(schedule: Schedule, follow?: Follow): Promise<Checked> {
  const { history, operations, faults, covered } = await runHistory(schedule, follow).catch((cause: unknown) => {
    const { profile, seed } = schedule;
    throw new Error(`The history of the profile ${profile} and the seed ${seed} broke off.`, { cause });
  });
  return {
    ...{ schedule, history, operations, covered },
    faults: Object.fromEntries(faults),
    violations: checkHistory(history),
  };
}

/** Draws the schedule of a seed, runs it and checks its history. */
export function runSeed(
  seed: number,
  profile = profileOf(seed),
  operations?: number,
  follow?: Follow,
): Promise<Checked> {
  return runSchedule(planHistory(seed, profile, operations), follow);
}

/** The smallest schedule found that breaks one of the same properties. */
export function shrunk({ schedule, violations }: Checked): Promise<Schedule> {
  const broken = new Set(violations.map(({ property }) => property));
  return shrink(schedule, async (smaller) => {
    const { violations: found } = await runSchedule(smaller);
    return found.some(({ property }) => broken.has(property));
  });
}

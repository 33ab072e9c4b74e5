import type { Activity } from './activity.ts';
import type { Random } from './randomness.ts';
import type { Scheduler } from './scheduler.ts';

/** What drives the services of a world: time, randomness, and the count of activity. */
export interface Clockwork {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly activity: Activity;
}

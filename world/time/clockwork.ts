import type { Activity } from './activity.ts';
import type { Random } from './randomness.ts';
import type { Scheduler } from './scheduler.ts';

/** What makes the services of a world go: its time, its chance, and the count of what is under way in it. */
export interface Clockwork {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly activity: Activity;
}

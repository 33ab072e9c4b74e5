import type { Weather } from '../weather.ts';
import type { Activity } from './activity.ts';
import type { Random } from './randomness.ts';
import type { Scheduler } from './scheduler.ts';

/** What drives the services of a world: time, randomness, the count of activity, and the faults that they have. */
export interface Clockwork {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly activity: Activity;
  readonly weather: Weather;
}

import type { Scheduler } from '../time/scheduler.ts';

/**
 * The times in which a Region's DynamoDB cannot be reached, because its name does not resolve, while everything else
 * there works.
 */
export class Outage {
  readonly #scheduler: Scheduler;
  #end = Number.NEGATIVE_INFINITY;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Milliseconds until it is over; 0 if there is none. */
  get left(): number {
    return Math.max(0, this.#end - this.#scheduler.now());
  }

  /** Begins an outage of this many milliseconds, or makes the present one last that long. */
  begin(milliseconds: number): void {
    this.#end = Math.max(this.#end, this.#scheduler.now() + milliseconds);
  }
}

import type { Scheduler } from './scheduler.ts';

/**
 * The wall clock of a Region, which may differ from the world's time, jump and drift. Time that is measured by it may go backwards:
 * the monotonic clock of a process is the world's time.
 */
export class WorldClock {
  readonly #scheduler: Pick<Scheduler, 'now'>;
  #ahead: number;
  #driftsSince = 0;
  /** Milliseconds per millisecond. */
  #rate = 0;

  /** @param ahead milliseconds by which it is ahead of the world's time; negative: behind */
  constructor(scheduler: Pick<Scheduler, 'now'>, ahead = 0) {
    this.#scheduler = scheduler;
    this.#ahead = ahead;
  }

  /** Milliseconds by which it is ahead of the world's time; negative if it is behind. */
  get ahead(): number {
    return this.#rate === 0 ? this.#ahead : this.#ahead + (this.#scheduler.now() - this.#driftsSince) * this.#rate;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#scheduler.now() + this.ahead;
  }

  /** Moves it forward by this many milliseconds; negative: back. */
  jump(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  /** From now on it runs fast by this many millionths; negative: slow; 0: at the rate of the world's time. */
  drift(millionths: number): void {
    this.#ahead = this.ahead;
    this.#driftsSince = this.#scheduler.now();
    this.#rate = millionths / 1_000_000;
  }
}

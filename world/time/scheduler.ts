/** The world's time: a clock and timers. */
export interface Scheduler {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs a function after this many milliseconds. @returns a function that cancels it */
  after(milliseconds: number, run: () => void): () => void;
}

export function sleepOn(scheduler: Scheduler, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.after(milliseconds, resolve);
  });
}

/** A promise's result, if it settles within this many milliseconds. @throws Error `late` otherwise */
export function withTimeout<T>(
  scheduler: Scheduler,
  milliseconds: number,
  late: string,
  promise: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = scheduler.after(milliseconds, () => reject(new Error(late)));
    promise.then(resolve, reject).finally(callOff);
  });
}

/** Real time. */
export function realScheduler(): Scheduler {
  return {
    now: Date.now,
    after: (milliseconds, run) => {
      if (milliseconds <= 0) {
        const immediate = setImmediate(run);
        return () => clearImmediate(immediate);
      }
      const timeout = setTimeout(run, milliseconds);
      return () => clearTimeout(timeout);
    },
  };
}

interface Timer {
  readonly at: number;
  /** Undefined once it is cancelled. */
  run: (() => void) | undefined;
}

/** Time that advances only on demand, from one timer to the next: with a seed, every run is the same. */
export class VirtualScheduler implements Scheduler {
  #now: number;
  /** In descending order: the next timer is last. */
  readonly #timers: Timer[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, milliseconds), run };
    const at = this.#timers.findLastIndex((other) => other.at > timer.at) + 1;
    this.#timers.splice(at, 0, timer);
    return () => {
      timer.run = undefined;
    };
  }

  /**
   * Advances time until `done`, or until no timer is left.
   * @param limit milliseconds of virtual time; two hours by default, because queues retry for one
   * @throws Error if the limit is exceeded
   */
  async runUntil(done: () => boolean, limit = 7_200_000): Promise<void> {
    const end = this.#now + limit;
    for (await settled(); !done(); await settled()) {
      const next = this.#timers.pop();
      if (!next) return;
      if (!next.run) continue;
      if (next.at > end) throw new Error(`The world was not idle within ${limit / 1000} s of virtual time.`);
      this.#now = next.at;
      next.run();
    }
  }

  /** Advances time by this many milliseconds. */
  async run(milliseconds: number): Promise<void> {
    let over = false;
    this.after(milliseconds, () => {
      over = true;
    });
    await this.runUntil(() => over, milliseconds);
  }

  /** A promise's result; advances time until it settles. @throws Error if no timer is left before that */
  async resolve<T>(promise: Promise<T>): Promise<T> {
    let settledYet = false;
    const watched = promise.finally(() => {
      settledYet = true;
    });
    watched.catch(() => undefined);
    await this.runUntil(() => settledYet);
    if (!settledYet) throw new Error('No timer is left, and the promise is still pending.');
    return watched;
  }
}

/**
 * Resolves when all promises that can continue have done so: everything in the world waits for timers and promises
 * only.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

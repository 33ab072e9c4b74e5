import { TimerHeap } from './timer-heap.ts';

/** The world's time: a clock and timers. */
export interface Scheduler {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs a function after this many milliseconds. @returns a function that cancels it */
  after(milliseconds: number, run: () => void): () => void;
  /**
   * Stops the world's time until some work that takes real time, such as loading a file, has ended.
   * @default time does not stop
   */
  hold?(work: Promise<unknown>): void;
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
    promise.then(
      (value) => {
        callOff();
        resolve(value);
      },
      (error: unknown) => {
        callOff();
        reject(error);
      },
    );
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

/** After so many timers the event loop turns once, so that signals, input and a test runner are served. */
const TIMERS_PER_TURN = 16;

/** Resolves once no promise can continue, and whatever waits for the event loop had its turn. */
function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves once no promise can continue, when a microtask calls it: at a fifth of the cost of a turn of the event loop. */
function endOfMicrotasks(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Time that advances only on demand, from one timer to the next: with a seed, every run is the same. */
export class VirtualScheduler implements Scheduler {
  #now: number;
  readonly #timers = new TimerHeap();
  #held: readonly Promise<unknown>[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    return this.#timers.add(this.#now + Math.max(0, milliseconds), run);
  }

  hold(work: Promise<unknown>): void {
    this.#held = [...this.#held, work];
    // Avoids an unhandled rejection: the caller that advances time gets the error.
    work.catch(() => undefined);
  }

  /**
   * Lets time pass until `done`, or until nothing is left to happen.
   * @param limit milliseconds of virtual time; two hours by default, because queues retry for one hour
   * @throws Error if the limit is reached; the error of a held promise
   */
  async runUntil(done: () => boolean, limit = 7_200_000): Promise<void> {
    const end = this.#now + limit;
    // The first turn is one of the event loop: a tick waits for microtasks only if a microtask asks for it.
    for (let ran = 0; ; ran++) {
      while (this.#held.length > 0) {
        const held = this.#held;
        this.#held = [];
        await Promise.all(held);
      }
      await (ran % TIMERS_PER_TURN === 0 ? turnOfEventLoop() : endOfMicrotasks());
      if (done()) return;
      const next = this.#timers.take();
      if (!next) return;
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

  /**
   * Returns a promise's result, and advances time until it settles.
   * @throws Error if it has not settled when no timer is left
   */
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

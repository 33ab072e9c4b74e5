import type { Runtime } from './ports/runtime.ts';

const BASE_MS = 25;
const CAP_MS = 1000;
/** The part of a wait by which each pause between polls is longer than at first. */
const POLL_GROWTH = 0.05;

/**
 * Milliseconds to wait before the next attempt: exponential backoff with full jitter, so that colliding writers do
 * not collide again. After Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (2015).
 * @param tries number of failures before the latest: 0 at first
 */
export function backoff({ random }: Pick<Runtime, 'random'>, tries: number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** tries);
}

/**
 * Milliseconds between two polls: at random in a range, so that several pollers do not meet, and longer after a long wait.
 * @param waited milliseconds since the first poll
 */
export function pollPause(
  { random }: Pick<Runtime, 'random'>,
  [least, most]: readonly [number, number],
  waited = 0,
): number {
  return least + random() * (most - least) + waited * POLL_GROWTH;
}

/** The attempts of one operation, with pauses in between, until its deadline. */
export class Retries {
  readonly #runtime: Pick<Runtime, 'random' | 'elapsed' | 'sleep'>;
  readonly #deadline: number;
  #tries = 0;

  /** @param within milliseconds from now until the deadline */
  constructor(runtime: Pick<Runtime, 'random' | 'elapsed' | 'sleep'>, within: number) {
    this.#runtime = runtime;
    this.#deadline = runtime.elapsed() + within;
  }

  /** Milliseconds until the deadline; negative after it. */
  get left(): number {
    return this.#deadline - this.#runtime.elapsed();
  }

  /** Number of pauses so far. */
  get tries(): number {
    return this.#tries;
  }

  /** Waits before the next attempt. @returns false at once if the pause would end after the deadline */
  async pause(): Promise<boolean> {
    const wait = backoff(this.#runtime, this.#tries++);
    if (wait > this.left) return false;
    await this.#runtime.sleep(wait);
    return true;
  }
}

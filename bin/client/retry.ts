import { setTimeout as sleep } from 'node:timers/promises';
import { isRetryable } from './problem.ts';

/** How often anything is tried. */
export const TRIES = 6;
const BASE_MS = 200;
const CAP_MS = 5_000;

/** Waits before one more retry, after so many of them: longer each time, at least half of it, so that it amounts to something. */
export function pauseBeforeRetry(retries: number): Promise<void> {
  return sleep((0.5 + Math.random() / 2) * Math.min(CAP_MS, BASE_MS * 2 ** retries));
}

/**
 * Does something up to {@link TRIES} times, with some 5 s of pauses, as long as what goes wrong may pass.
 * @throws the last error
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error) || tries === TRIES - 1) throw error;
      await pauseBeforeRetry(tries);
    }
}

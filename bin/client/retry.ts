import { setTimeout as sleep } from 'node:timers/promises';
import { isRetryable } from './problem.ts';

/** How often anything is tried. */
export const TRIES = 6;
const BASE_MS = 200;
const CAP_MS = 5_000;

/** Waits before try number `attempt` + 1 (the first is 0): longer each time, at least half of it, so that it amounts to something. */
export function pause(attempt: number): Promise<void> {
  return sleep((0.5 + Math.random() / 2) * Math.min(CAP_MS, BASE_MS * 2 ** attempt));
}

/**
 * Does something up to six times, with some 5 s of pauses, as long as what goes wrong may pass.
 * @throws the last error
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++)
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error) || attempt === TRIES - 1) throw error;
      await pause(attempt);
    }
}

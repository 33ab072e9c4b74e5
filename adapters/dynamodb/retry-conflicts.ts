import { setTimeout as sleep } from 'node:timers/promises';
import { CONFLICT_TRIES } from '../../core/limits/budgets.ts';
import type { timeLimit } from '../sdk/connection.ts';

/** Another write of the same item is under way: a transaction, or on MRSC one in another Region. It takes milliseconds. */
const CONFLICTS: readonly string[] = [
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
];

const BASE_MS = 20;
const CAP_MS = 500;

/**
 * Sends a write of one item again, with full jitter, while another write of that item is under way: up to {@link CONFLICT_TRIES} times, within
 * the time of the call. What it throws then is what the last one threw.
 */
export async function retryConflicts<T>(
  { abortSignal }: ReturnType<typeof timeLimit>,
  send: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send();
    } catch (error) {
      const passes = error instanceof Error && CONFLICTS.includes(error.name);
      if (!passes || tries === CONFLICT_TRIES || abortSignal.aborted) throw error;
    }
    await sleep(Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** tries), undefined, { signal: abortSignal });
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../../core/index.ts';
import { CONFLICT_TRIES } from '../../core/limits/budgets.ts';
import type { timeLimit } from '../sdk/connection.ts';

/**
 * The errors of a write while another write of the same item is in progress: a transaction, or, with MRSC, a write in
 * another Region. The other write takes milliseconds.
 */
const CONFLICTS: readonly string[] = [
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
];

/**
 * Retries a write of one item, with full jitter, while another write of that item is in progress: at most
 * {@link CONFLICT_TRIES} attempts, within the time limit of the call. Throws the last error.
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
    await sleep(backoff(Math, tries), undefined, { signal: abortSignal });
  }
}

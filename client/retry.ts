import { CLIENT_FIRST_PAUSE_MS, CLIENT_MAX_PAUSE_MS, CLIENT_TRIES } from '../core/limits/budgets.ts';
import type { ClientRuntime, RetryPolicy } from './options.ts';

type Pauses = Pick<RetryPolicy, 'firstPauseMs' | 'maxPauseMs'>;

/**
 * Milliseconds to wait before the next retry, given the number of retries so far: a random number between half of a
 * limit and the limit, which doubles with every retry.
 */
export function pauseMs(
  { random }: Pick<ClientRuntime, 'random'>,
  retries: number,
  { firstPauseMs = CLIENT_FIRST_PAUSE_MS, maxPauseMs = CLIENT_MAX_PAUSE_MS }: Pauses = {},
): number {
  return (0.5 + random() / 2) * Math.min(maxPauseMs, firstPauseMs * 2 ** retries);
}

/**
 * Calls a function up to {@link CLIENT_TRIES} times while its errors are temporary, with pauses of about 5 s in total.
 * @throws the last error
 */
export async function retried<T>(
  runtime: Pick<ClientRuntime, 'random' | 'sleep'>,
  isRetryable: (error: unknown) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  for (let retries = 0; ; retries++)
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error) || retries === CLIENT_TRIES - 1) throw error;
      await runtime.sleep(pauseMs(runtime, retries));
    }
}

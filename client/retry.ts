import { CLIENT_FIRST_PAUSE_MS, CLIENT_MAX_PAUSE_MS, CLIENT_TRIES } from '../core/limits/budgets.ts';
import type { ClientRuntime, RetryPolicy } from './options.ts';

type Pauses = Pick<RetryPolicy, 'firstPauseMs' | 'maxPauseMs'>;

/** Milliseconds before one more retry, after so many of them: longer each time, at least half of it, so that it amounts to something. */
export function pauseMs(
  { random }: Pick<ClientRuntime, 'random'>,
  retries: number,
  { firstPauseMs = CLIENT_FIRST_PAUSE_MS, maxPauseMs = CLIENT_MAX_PAUSE_MS }: Pauses = {},
): number {
  return (0.5 + random() / 2) * Math.min(maxPauseMs, firstPauseMs * 2 ** retries);
}

/**
 * Does something up to {@link CLIENT_TRIES} times, with some 5 s of pauses, as long as what goes wrong may pass.
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

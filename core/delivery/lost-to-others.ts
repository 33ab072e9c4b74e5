import { MeridianError } from '../facts/errors.ts';
import { backoff } from '../retry.ts';
import type { SubscribePorts } from './subscriber.ts';

/**
 * Waits before the next attempt, after a lost race to another writer.
 * @throws MeridianError `unavailable`, retryable, when the wait would end after the deadline
 */
export async function lostToOthers(
  runtime: SubscribePorts<unknown>['runtime'],
  id: string,
  tries: number,
  deadline: number,
): Promise<void> {
  const wait = backoff(runtime, tries);
  if (runtime.elapsed() + wait > deadline)
    throw new MeridianError(
      'unavailable',
      `${id} lost the race to other writers until the batch ran out of time. Retry.`,
      {
        retryable: true,
      },
    );
  await runtime.sleep(wait);
}

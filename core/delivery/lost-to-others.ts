import { MeridianError } from '../facts/errors.ts';

/** The error of a handler that lost every race to other writers until its batch ran out of time. */
export function lostToOthers(id: string): MeridianError {
  return new MeridianError(
    'unavailable',
    `${id} lost the race to other writers until the batch ran out of time. Retry.`,
    { retryable: true },
  );
}

import { type ErrorCode, MeridianError } from '../../core/index.ts';

/** Services answer throttling with a 400 as often as with a 429; all of these pass. */
const PASSES =
  /Throttl|TooManyRequests|ThroughputExceeded|RequestLimitExceeded|LimitExceededException|ExecutionLimitExceeded|TransactionInProgress|TransactionConflict|ReplicatedWriteConflict/;
const TOO_LARGE = /size\b.* (exceeded|over) the (maximum|limit)|BatchRequestTooLong|RequestTooLarge/i;

/**
 * What an AWS SDK client threw, as ours. Throttling, 5xx, time-outs and broken connections, which the client has retried
 * already, are retryable; what the service refused is not.
 * @param doing completes "could not …": `load account/us-east-1.ann`
 * @param unavailable the code of what is retryable
 * @returns what did not come out of a request (a fault of ours) as it is
 */
export function sdkError(doing: string, error: unknown, unavailable: ErrorCode = 'unavailable'): unknown {
  if (!(error instanceof Error)) return error;
  // What a client throws of a request carries `$metadata`, except when its signal ended it.
  if (!('$metadata' in error) && error.name !== 'AbortError') return error;
  const reason = `Could not ${doing}: ${error.name}: ${error.message}`;
  // A cancelled transaction says why only in its reasons.
  const said = `${reason} ${'CancellationReasons' in error ? reasonsIn(error.CancellationReasons) : ''}`;
  if (TOO_LARGE.test(said)) return new MeridianError('too-large', `${reason}. Send less at once.`, { cause: error });
  if ('$metadata' in error && wasRefused(error.$metadata) && !PASSES.test(said))
    return new MeridianError('internal', `${reason}. Check the set-up: names, permissions, and what was sent.`, {
      cause: error,
    });
  return new MeridianError(unavailable, `${reason}. Try again.`, { retryable: true, cause: error });
}

/** Without the items, which say anything. */
function reasonsIn(reasons: unknown): string {
  return JSON.stringify(reasons, ['Code', 'Message']) ?? '';
}

/** A request without an answer has no status, one with a garbled answer 200: neither was refused. */
function wasRefused(metadata: unknown): boolean {
  const status = metadata instanceof Object && 'httpStatusCode' in metadata ? Number(metadata.httpStatusCode) : 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Waits for a request and turns what it throws into ours. */
export async function orSdkError<T>(doing: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw sdkError(doing, error);
  }
}

import { type ErrorCode, MeridianError } from '../../core/index.ts';

/**
 * The names of throttling and conflict errors. They are temporary, although services report many of them with status
 * 400.
 */
const PASSES =
  /Throttl|TooManyRequests|ThroughputExceeded|RequestLimitExceeded|LimitExceededException|ExecutionLimitExceeded|TransactionInProgress|TransactionConflict|ReplicatedWriteConflict/;
const TOO_LARGE = /size\b.* (exceeded|over) the (maximum|limit)|BatchRequestTooLong|RequestTooLarge/i;

/**
 * Converts an error of an AWS SDK client into ours. Throttling, 5xx, timeouts and broken connections, already retried
 * by the client, are retryable; rejected requests are not.
 * @param doing completes "could not …": `load account/us-east-1.ann`
 * @param unavailable the code of retryable errors
 * @returns our error; an error that does not come from a request, which is a bug, unchanged
 */
export function sdkError(doing: string, error: unknown, unavailable: ErrorCode = 'unavailable'): unknown {
  if (!(error instanceof Error)) return error;
  // Errors of a client's requests have `$metadata`, unless an abort signal ended the request.
  if (!('$metadata' in error) && error.name !== 'AbortError') return error;
  // Callers see this text. AWS's own, which names roles, accounts and ARNs, is in the cause, and so in the log only.
  const reason = `Could not ${doing}: ${error.name}`;
  // The cause of a cancelled transaction is only in its reasons.
  const said = `${reason}: ${error.message} ${'CancellationReasons' in error ? reasonsIn(error.CancellationReasons) : ''}`;
  if (TOO_LARGE.test(said)) return new MeridianError('too-large', `${reason}. Send less at once.`, { cause: error });
  if ('$metadata' in error && wasRefused(error.$metadata) && !PASSES.test(said))
    return new MeridianError('internal', `${reason}. Check names, permissions and the request.`, {
      cause: error,
    });
  return new MeridianError(unavailable, `${reason}. Retry.`, { retryable: true, cause: error });
}

/**
 * The codes and messages of a cancelled transaction, without its items, because the text of an item could match
 * anything.
 */
function reasonsIn(reasons: unknown): string {
  return JSON.stringify(reasons, ['Code', 'Message']) ?? '';
}

/**
 * True if the service rejected the request. Without a response there is no status; a garbled response has status 200.
 */
function wasRefused(metadata: unknown): boolean {
  const status = metadata instanceof Object && 'httpStatusCode' in metadata ? Number(metadata.httpStatusCode) : 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Awaits a request and converts its error into ours. */
export async function orSdkError<T>(doing: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw sdkError(doing, error);
  }
}

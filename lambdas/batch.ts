import type { SQSBatchResponse } from 'aws-lambda';
import type { Log } from './instrument.ts';

interface Item {
  readonly id: string;
  /** Why it failed; undefined: it did not. */
  readonly why: unknown;
  /** What its message is about, for the log. */
  readonly about?: string;
}

/** Makes the response that lets SQS redeliver exactly the failed items. */
export function failedOf(items: readonly Item[], log: Log): SQSBatchResponse {
  const failed = items.filter(({ why }) => why !== undefined);
  for (const { why, ...item } of failed) log.warn('Will be redelivered', { ...item, why: String(why), error: why });
  return { batchItemFailures: failed.map(({ id }) => ({ itemIdentifier: id })) };
}

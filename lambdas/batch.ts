import type { SQSBatchResponse } from 'aws-lambda';
import type { Log } from './instrument.ts';

/** Makes the response that lets SQS redeliver exactly the failed items. An item failed if it has a `why`. */
export function failedOf(items: readonly { readonly id: string; readonly why: unknown }[], log: Log): SQSBatchResponse {
  const failed = items.filter(({ why }) => why !== undefined);
  for (const { id, why } of failed) log.warn('Will be redelivered', { id, why: String(why), error: why });
  return { batchItemFailures: failed.map(({ id }) => ({ itemIdentifier: id })) };
}

import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DelayedQueue } from '../../core/index.ts';
import { SQS_MAX_DELAY_S } from '../../core/limits/aws.ts';
import { MESSAGING_MS } from '../../core/limits/budgets.ts';
import { sendBatch } from './queue.ts';

/**
 * A standard queue whose messages have individual delays. A message may arrive twice: if a response is lost, the whole
 * batch is sent again.
 * @param limitMs the time limit of a call
 * @throws MeridianError `unavailable` (retryable) if the call as a whole fails; `too-large` if SQS does not accept the
 *   batch
 */
export function sqsDelayedQueue(client: SQSClient, url: string, limitMs = MESSAGING_MS): DelayedQueue {
  return {
    send: (messages) =>
      sendBatch(
        client,
        url,
        messages.map(({ body, delay }) => ({
          MessageBody: body,
          DelaySeconds: Math.min(SQS_MAX_DELAY_S, Math.max(0, Math.ceil(delay / 1000))),
        })),
        limitMs,
      ),
  };
}

import {
  type BatchResultErrorEntry,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { BatchAnswer, Queue } from '../../core/index.ts';
import { MESSAGING_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';

/**
 * A standard queue. A body may arrive twice: if a response is lost, the whole batch is sent again.
 * @throws MeridianError `unavailable` (retryable) if the call as a whole fails; `too-large` if SQS does not accept the
 *   batch
 */
export function sqsQueue(client: SQSClient, url: string): Queue {
  return {
    send: (bodies) =>
      sendBatch(
        client,
        url,
        bodies.map((body) => ({ MessageBody: body })),
      ),
  };
}

/** Sends one SendMessageBatch. */
export async function sendBatch(
  client: SQSClient,
  url: string,
  messages: readonly Omit<SendMessageBatchRequestEntry, 'Id'>[],
  limitMs = MESSAGING_MS,
): Promise<BatchAnswer> {
  const answer = await orSdkError(
    `send to the queue ${url}`,
    client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: messages.map((message, index) => ({ Id: String(index), ...message })),
      }),
      timeLimit(limitMs),
    ),
  );
  return batchAnswer(messages.length, answer);
}

/** The result of each entry of a batch whose entries are named by their index. */
export function batchAnswer(
  length: number,
  {
    Successful = [],
    Failed = [],
  }: {
    readonly Successful?: readonly { readonly Id: string | undefined }[] | undefined;
    readonly Failed?: readonly BatchResultErrorEntry[] | undefined;
  },
): BatchAnswer {
  const done = new Set(Successful.map(({ Id }) => Id));
  const refused = new Map(Failed.map(({ Id, Code, Message = '' }) => [Id, `${Code}: ${Message}`]));
  return Array.from({ length }, (_, index) =>
    done.has(String(index)) ? undefined : (refused.get(String(index)) ?? 'No result for this entry'),
  );
}

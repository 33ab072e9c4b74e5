import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { HeldMessage, Quarantine } from '../../core/index.ts';
import { SQS_BATCH_ENTRIES } from '../../core/limits/aws.ts';
import { MESSAGING_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';
import { batchAnswer, sqsQueue } from './queue.ts';

/** With a wait time, however short, SQS queries all of its servers, so that an empty response means an empty queue. */
const WAIT_SECONDS = 1;

/**
 * The quarantine queue. If the response of a receive is lost, its messages stay hidden until their visibility timeout
 * expires.
 * @throws MeridianError `unavailable` (retryable) if a call as a whole fails
 */
export function sqsQuarantine(client: SQSClient, url: string): Quarantine {
  return {
    ...sqsQueue(client, url),
    receive: async (milliseconds) => {
      const { Messages = [] } = await orSdkError(
        `receive from the queue ${url}`,
        client.send(
          new ReceiveMessageCommand({
            QueueUrl: url,
            MaxNumberOfMessages: SQS_BATCH_ENTRIES,
            VisibilityTimeout: Math.ceil(milliseconds / 1000),
            WaitTimeSeconds: WAIT_SECONDS,
            MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
          }),
          timeLimit(MESSAGING_MS),
        ),
      );
      return Messages.map(({ MessageId = '', ReceiptHandle = '', Body = '', Attributes = {} }) => ({
        id: MessageId,
        receipt: ReceiptHandle,
        body: Body,
        sentAt: Number(Attributes.SentTimestamp ?? 0),
        receives: Number(Attributes.ApproximateReceiveCount ?? 0),
      }));
    },
    release: async (messages) => {
      if (messages.length === 0) return;
      await orSdkError(
        `release messages of the queue ${url}`,
        client.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: url,
            Entries: entries(messages).map((entry) => ({ ...entry, VisibilityTimeout: 0 })),
          }),
          timeLimit(MESSAGING_MS),
        ),
      );
    },
    remove: async (messages) => {
      if (messages.length === 0) return [];
      const answer = await orSdkError(
        `remove messages of the queue ${url}`,
        client.send(
          new DeleteMessageBatchCommand({ QueueUrl: url, Entries: entries(messages) }),
          timeLimit(MESSAGING_MS),
        ),
      );
      return batchAnswer(messages.length, answer);
    },
    count: async () => {
      const { Attributes = {} } = await orSdkError(
        `count the messages of the queue ${url}`,
        client.send(
          new GetQueueAttributesCommand({
            QueueUrl: url,
            AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
          }),
          timeLimit(MESSAGING_MS),
        ),
      );
      return (
        Number(Attributes.ApproximateNumberOfMessages ?? 0) +
        Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0)
      );
    },
  };
}

function entries(messages: readonly HeldMessage[]) {
  return messages.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }));
}

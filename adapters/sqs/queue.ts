import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Queue } from '../../core/index.ts';
import { MESSAGING_MS, within } from '../connection.ts';
import { asked } from '../sdk-error.ts';

/**
 * A standard queue. A body may arrive twice: when an answer is lost, all are sent again.
 * @throws MeridianError `unavailable` (retryable) when the call as a whole fails; `too-large` for more than SQS takes at once
 */
export const sqsQueue = (client: SQSClient, url: string): Queue => ({
  send: async (bodies) => {
    const { Successful = [], Failed = [] } = await asked(
      `send to the queue ${url}`,
      client.send(
        new SendMessageBatchCommand({
          QueueUrl: url,
          Entries: bodies.map((body, index) => ({ Id: String(index), MessageBody: body })),
        }),
        within(MESSAGING_MS),
      ),
    );
    const sent = new Set(Successful.map(({ Id }) => Id));
    const refused = new Map(Failed.map(({ Id, Code, Message = '' }) => [Id, `${Code}: ${Message}`]));
    return bodies.map((_, index) =>
      sent.has(String(index)) ? undefined : (refused.get(String(index)) ?? 'Unanswered'),
    );
  },
});

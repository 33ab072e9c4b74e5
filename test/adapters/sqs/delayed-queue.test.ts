import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/sqs/client.ts';
import { sqsDelayedQueue } from '../../../adapters/sqs/delayed-queue.ts';
import { credentials, oneByOne, refusal, type StubAnswer, stubServer } from '../stub-server.ts';

async function queueBehind(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  const { endpoint, requests } = await stubServer(oneByOne(...answers));
  const url = `${endpoint}/123456789012/meridian-resolver`;
  return { queue: sqsDelayedQueue(sqsClient({ endpoint, region: 'us-east-1', credentials }), url), requests, url };
}

/** The client checks the digest of accepted messages. */
function taken(body: string, index: number) {
  return {
    Id: String(index),
    MessageId: `message-${index}`,
    MD5OfMessageBody: createHash('md5').update(body).digest('hex'),
  };
}

describe('delayed queue', () => {
  test('messages are sent in one SendMessageBatch, each with its delay in whole seconds, at most 15 minutes', async () => {
    const delays = [0, 1, 1000, 1001, 899_999, 900_000, 3_600_000, -5];
    const messages = delays.map((delay) => ({ body: `after ${delay}`, delay }));
    const Successful = messages.map(({ body }, index) => taken(body, index));
    const { queue, requests, url } = await queueBehind({ body: JSON.stringify({ Successful, Failed: [] }) });
    expect(await queue.send(messages)).toEqual(delays.map(() => undefined));
    expect(requests.map(({ operation }) => operation)).toEqual(['SendMessageBatch']);
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      QueueUrl: url,
      Entries: [0, 1, 1, 2, 900, 900, 900, 0].map((DelaySeconds, index) => ({
        Id: String(index),
        MessageBody: messages[index]?.body,
        DelaySeconds,
      })),
    });
  });

  test('a message that fails individually is returned with the reason', async () => {
    const failed = { Id: '0', Code: 'InternalError', Message: 'try again', SenderFault: false };
    const answer = { body: JSON.stringify({ Successful: [taken('b', 1)], Failed: [failed] }) };
    const { queue } = await queueBehind(answer);
    const messages = ['a', 'b', 'c'].map((body) => ({ body, delay: 5 }));
    expect(await queue.send(messages)).toEqual(['InternalError: try again', undefined, 'No result for this entry']);
  });

  test('a queue that does not respond is unavailable, and retryable; a missing one is not', async () => {
    const lost = await queueBehind('lost');
    const message = { body: 'a', delay: 5 };
    await expect(lost.queue.send([message])).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    const { queue } = await queueBehind(refusal('QueueDoesNotExist'));
    await expect(queue.send([message])).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      message: expect.stringContaining('meridian-resolver: QueueDoesNotExist'),
    });
  });
});

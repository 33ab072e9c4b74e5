import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/sqs/client.ts';
import { sqsQueue } from '../../../adapters/sqs/queue.ts';
import { credentials, oneByOne, refusal, type StubAnswer, stubServer } from '../stub-server.ts';

const bodies = ['{"n":1}', 'zwei', '三'];

/** The client checks the digests of accepted messages. */
function taken(index: number) {
  return {
    Id: String(index),
    MessageId: `message-${index}`,
    MD5OfMessageBody: createHash('md5')
      .update(bodies[index] ?? '')
      .digest('hex'),
  };
}
function answered(Successful: readonly object[], Failed: readonly object[] = []): StubAnswer {
  return {
    body: JSON.stringify({ Successful, Failed }),
  };
}
const allTaken = answered([taken(0), taken(1), taken(2)]);

async function queueBehind(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  const { endpoint, requests } = await stubServer(oneByOne(...answers));
  const url = `${endpoint}/123456789012/meridian-projection`;
  return { queue: sqsQueue(sqsClient({ endpoint, region: 'us-east-1', credentials }), url), requests, url };
}

describe('queue', () => {
  test('bodies are sent in one SendMessageBatch', async () => {
    const { queue, requests, url } = await queueBehind(allTaken);
    expect(await queue.send(bodies)).toEqual([undefined, undefined, undefined]);
    expect(requests.map(({ operation }) => operation)).toEqual(['SendMessageBatch']);
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      QueueUrl: url,
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    });
  });

  test('a body that fails individually is returned with the reason, in whatever order the results come', async () => {
    const failed = { Id: '1', Code: 'InternalError', Message: 'try again', SenderFault: false };
    const { queue } = await queueBehind(answered([taken(2), taken(0)], [failed]));
    expect(await queue.send(bodies)).toEqual([undefined, 'InternalError: try again', undefined]);
  });

  test('a body without a result counts as failed', async () => {
    const { queue } = await queueBehind(answered([taken(1)]));
    expect(await queue.send(bodies)).toEqual(['No result for this entry', undefined, 'No result for this entry']);
  });

  test.each([
    ['throttling', refusal('ThrottlingException')],
    ['an internal failure', refusal('InternalFailure', 'internal', 500)],
    ['a lost response', 'lost'],
  ] as const)('after %s the bodies are sent again', async (_, fault) => {
    const { queue, requests } = await queueBehind(fault, allTaken);
    expect(await queue.send(bodies)).toEqual([undefined, undefined, undefined]);
    expect(requests).toHaveLength(2);
  });

  test('a queue that does not respond is unavailable, and retryable', async () => {
    const { queue } = await queueBehind('lost');
    await expect(queue.send(bodies)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  test('a missing queue is not retryable, and is reported', async () => {
    const { queue } = await queueBehind(refusal('QueueDoesNotExist'));
    await expect(queue.send(bodies)).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      message: expect.stringContaining('meridian-projection: QueueDoesNotExist'),
    });
  });

  test("a batch above the queue's limit is too large", async () => {
    const { queue } = await queueBehind(refusal('BatchRequestTooLong'));
    await expect(queue.send(bodies)).rejects.toMatchObject({ code: 'too-large', retryable: false });
  });
});

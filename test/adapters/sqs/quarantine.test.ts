import { describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/sqs/client.ts';
import { sqsQuarantine } from '../../../adapters/sqs/quarantine.ts';
import { credentials, oneByOne, refusal, type StubAnswer, stubServer } from '../stub-server.ts';

const held = ['a', 'b'].map((name) => ({ id: name, receipt: `receipt-${name}`, body: '', sentAt: 0, receives: 1 }));
function answered(body: object): StubAnswer {
  return { body: JSON.stringify(body) };
}

async function quarantineBehind(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  const { endpoint, requests } = await stubServer(oneByOne(...answers));
  const url = `${endpoint}/123456789012/meridian-quarantine`;
  return {
    quarantine: sqsQuarantine(sqsClient({ endpoint, region: 'us-east-1', credentials }), url),
    url,
    asked: () => requests.map(({ operation, body }) => ({ operation, input: JSON.parse(body) })),
  };
}

describe('the quarantine on SQS', () => {
  test('messages are received in one ReceiveMessage that queries all servers of SQS, and hides them for whole seconds', async () => {
    const { quarantine, url, asked } = await quarantineBehind(
      answered({
        Messages: [
          {
            MessageId: 'm',
            ReceiptHandle: 'r',
            Body: 'text',
            // The digest that the client checks.
            MD5OfBody: '1cb251ec0d568de6a929b520c4aed8d1',
            Attributes: { SentTimestamp: '1000000000000', ApproximateReceiveCount: '3' },
          },
        ],
      }),
    );
    expect(await quarantine.receive(1_500)).toEqual([
      { id: 'm', receipt: 'r', body: 'text', sentAt: 1_000_000_000_000, receives: 3 },
    ]);
    expect(asked()).toEqual([
      {
        operation: 'ReceiveMessage',
        input: {
          QueueUrl: url,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 2,
          WaitTimeSeconds: 1,
          MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
        },
      },
    ]);
  });

  test('a response without messages is empty, and missing attributes count as 0', async () => {
    const { quarantine } = await quarantineBehind(
      answered({}),
      answered({
        Messages: [{ MessageId: 'm', ReceiptHandle: 'r', Body: '', MD5OfBody: 'd41d8cd98f00b204e9800998ecf8427e' }],
      }),
    );
    expect(await quarantine.receive(1000)).toEqual([]);
    expect(await quarantine.receive(1000)).toMatchObject([{ sentAt: 0, receives: 0 }]);
  });

  test('messages are released in one request; a message that is no longer held is ignored', async () => {
    const failed = { Id: '1', Code: 'MessageNotInflight', Message: 'gone', SenderFault: true };
    const { quarantine, url, asked } = await quarantineBehind(
      answered({ Successful: [{ Id: '0' }], Failed: [failed] }),
    );
    await quarantine.release(held);
    expect(asked()).toEqual([
      {
        operation: 'ChangeMessageVisibilityBatch',
        input: {
          QueueUrl: url,
          Entries: [
            { Id: '0', ReceiptHandle: 'receipt-a', VisibilityTimeout: 0 },
            { Id: '1', ReceiptHandle: 'receipt-b', VisibilityTimeout: 0 },
          ],
        },
      },
    ]);
  });

  test('messages are removed in one request, which reports for each whether it is deleted', async () => {
    const failed = { Id: '0', Code: 'InternalError', Message: 'try again', SenderFault: false };
    const { quarantine, asked } = await quarantineBehind(
      answered({ Successful: [{ Id: '1' }], Failed: [failed] }),
      answered({ Successful: [{ Id: '1' }] }),
    );
    expect(await quarantine.remove(held)).toEqual(['InternalError: try again', undefined]);
    expect(await quarantine.remove(held)).toEqual(['No result for this entry', undefined]);
    expect(asked()[0]).toMatchObject({
      operation: 'DeleteMessageBatch',
      input: { Entries: [{ ReceiptHandle: 'receipt-a' }, { ReceiptHandle: 'receipt-b' }] },
    });
  });

  test('releasing or removing nothing sends no request', async () => {
    const { quarantine, asked } = await quarantineBehind('lost');
    await quarantine.release([]);
    expect(await quarantine.remove([])).toEqual([]);
    expect(asked()).toEqual([]);
  });

  test('messages that are held are counted too', async () => {
    const { quarantine } = await quarantineBehind(
      answered({ Attributes: { ApproximateNumberOfMessages: '40', ApproximateNumberOfMessagesNotVisible: '2' } }),
      answered({}),
    );
    expect(await quarantine.count()).toBe(42);
    expect(await quarantine.count()).toBe(0);
  });

  test('it accepts messages like every queue', async () => {
    const { quarantine, asked } = await quarantineBehind(answered({ Successful: [], Failed: [] }));
    expect(await quarantine.send(['one'])).toEqual(['No result for this entry']);
    expect(asked()).toMatchObject([{ operation: 'SendMessageBatch' }]);
  });

  test.each([
    ['receive', (quarantine) => quarantine.receive(1000)],
    ['release', (quarantine) => quarantine.release(held)],
    ['remove', (quarantine) => quarantine.remove(held)],
    ['count', (quarantine) => quarantine.count()],
  ] satisfies [string, (quarantine: ReturnType<typeof sqsQuarantine>) => Promise<unknown>][])(
    '%s is unavailable when the queue does not respond, and reports a missing queue',
    async (_, call) => {
      const lost = await quarantineBehind('lost');
      await expect(call(lost.quarantine)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
      const missing = await quarantineBehind(refusal('QueueDoesNotExist'));
      await expect(call(missing.quarantine)).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('meridian-quarantine: QueueDoesNotExist'),
      });
    },
  );
});

import { describe, expect, test } from 'vitest';
import { eventBridgeBus } from '../../../adapters/eventbridge/bus.ts';
import { eventBridgeClient } from '../../../adapters/eventbridge/client.ts';
import type { Bus } from '../../../core/index.ts';
import { credentials, oneByOne, refusal, type StubAnswer, stubServer } from '../stub-server.ts';

const entries = [1, 2, 3].map((n) => ({ source: 'meridian.note', detailType: 'Noted', detail: `{"n":${n}}` }));

function answered(...Entries: readonly object[]): StubAnswer {
  return {
    body: JSON.stringify({ FailedEntryCount: 0, Entries }),
  };
}
const allTaken = answered({ EventId: 'a' }, { EventId: 'b' }, { EventId: 'c' });

async function busBehind(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  const { endpoint, requests } = await stubServer(oneByOne(...answers));
  const bus: Bus = eventBridgeBus(eventBridgeClient({ endpoint, region: 'us-east-1', credentials }), 'meridian');
  return { bus, requests };
}

describe('bus', () => {
  test('entries are put in one PutEvents, each with the name of the bus', async () => {
    const { bus, requests } = await busBehind(allTaken);
    expect(await bus.put(entries)).toEqual([undefined, undefined, undefined]);
    expect(requests.map(({ operation }) => operation)).toEqual(['PutEvents']);
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      Entries: entries.map(({ source, detailType, detail }) => ({
        EventBusName: 'meridian',
        Source: source,
        DetailType: detailType,
        Detail: detail,
      })),
    });
  });

  test('an entry that fails individually is returned with the reason, the others are accepted', async () => {
    const failed = { ErrorCode: 'InternalFailure', ErrorMessage: 'try again' };
    const { bus } = await busBehind(answered({ EventId: 'a' }, failed, { EventId: 'c' }));
    expect(await bus.put(entries)).toEqual([undefined, 'InternalFailure: try again', undefined]);
  });

  test.each(['MalformedDetail', 'InvalidArgument'])(
    'an entry that can never be accepted, %s, is returned as a permanent refusal',
    async (ErrorCode) => {
      const { bus } = await busBehind(
        answered({ EventId: 'a' }, { ErrorCode, ErrorMessage: 'no' }, { ErrorCode: 'NotAuthorizedForSourceException' }),
      );
      expect(await bus.put(entries)).toEqual([
        undefined,
        { permanent: `${ErrorCode}: no` },
        'NotAuthorizedForSourceException: undefined',
      ]);
    },
  );

  test.each(['Total size of the entries in the request is over the limit.', 'The detail type is not valid.'])(
    'a request that is invalid because of its only entry is its permanent refusal: %s',
    async (message) => {
      const { bus, requests } = await busBehind(refusal('ValidationException', message));
      expect(await bus.put(entries.slice(0, 1))).toEqual([{ permanent: expect.stringContaining(message) }]);
      expect(requests).toHaveLength(1);
    },
  );

  test('a missing permission is no permanent refusal of an entry', async () => {
    const { bus } = await busBehind(refusal('AccessDeniedException', 'not authorized', 403));
    await expect(bus.put(entries.slice(0, 1))).rejects.toMatchObject({ code: 'internal' });
  });

  test('an entry without a result counts as failed', async () => {
    const { bus } = await busBehind(answered({ EventId: 'a' }));
    expect(await bus.put(entries)).toEqual([undefined, 'No result for this entry', 'No result for this entry']);
  });

  test.each([
    ['throttling', refusal('ThrottlingException')],
    ['an internal failure', refusal('InternalException', 'internal', 500)],
    ['a lost response', 'lost'],
  ] as const)('after %s the entries are sent again', async (_, fault) => {
    const { bus, requests } = await busBehind(fault, allTaken);
    expect(await bus.put(entries)).toEqual([undefined, undefined, undefined]);
    expect(requests).toHaveLength(2);
    expect(requests[1]?.body).toBe(requests[0]?.body);
  });

  test('persistent throttling is unavailable, and retryable', async () => {
    const { bus, requests } = await busBehind(refusal('ThrottlingException'));
    await expect(bus.put(entries)).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      cause: { name: 'ThrottlingException' },
    });
    expect(requests).toHaveLength(3);
  });

  test('a missing permission is not retryable, and is reported', async () => {
    const { bus, requests } = await busBehind(refusal('AccessDeniedException', 'not authorized', 403));
    await expect(bus.put(entries)).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      message: expect.stringContaining('AccessDeniedException'),
    });
    expect(requests).toHaveLength(1);
  });

  test("a batch above the bus's limit is too large", async () => {
    const message = 'Total size of the entries in the request is over the limit.';
    const { bus } = await busBehind(refusal('ValidationException', message));
    await expect(bus.put(entries)).rejects.toMatchObject({ code: 'too-large', retryable: false });
  });
});

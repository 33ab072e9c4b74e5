import { describe, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/dynamodb/client.ts';
import { dynamoDbViewStore } from '../../../adapters/dynamodb/view-store.ts';
import { anEntry } from '../../contract/a-view.ts';
import { credentials, refusal, type StubAnswer, type StubRequest, stubServer } from '../stub-server.ts';

async function storeBehind(answer: (request: StubRequest, index: number) => StubAnswer) {
  const { endpoint, requests } = await stubServer(answer);
  const client = dynamoDbClient({ endpoint, region: 'us-east-1', credentials });
  return { store: dynamoDbViewStore(client, 'views'), requests };
}

const places = [1, 2, 3].map((n) => ({ stream: `note/${n}`, shard: 0 }));
function keysIn({ body }: StubRequest): readonly { sk: { S: string } }[] {
  return JSON.parse(body).RequestItems.views.Keys;
}

describe('DynamoDB view store', () => {
  test('only the keys that DynamoDB leaves unprocessed are requested again', async () => {
    const { store, requests } = await storeBehind((request) => {
      const [first, ...rest] = keysIn(request);
      const item = { ...first, version: { M: {} }, revision: { N: '1' }, totals: { S: '{}' } };
      const open = rest.length > 0 ? { views: { Keys: rest } } : {};
      return { body: JSON.stringify({ Responses: { views: [item] }, UnprocessedKeys: open }) };
    });
    expect([...(await store.entries('v', places)).keys()]).toEqual(places.map(({ stream }) => stream));
    expect(requests.map((request) => keysIn(request).map(({ sk }) => sk.S))).toEqual([
      ['note/1', 'note/2', 'note/3'],
      ['note/2', 'note/3'],
      ['note/3'],
    ]);
  });

  test('entries are read strongly consistently, even on retries', async () => {
    const { store, requests } = await storeBehind((request, index) => ({
      body: JSON.stringify({
        Responses: {},
        UnprocessedKeys: index === 0 ? { views: { Keys: keysIn(request) } } : {},
      }),
    }));
    await store.entries('v', places);
    expect(requests.map(({ body }) => JSON.parse(body).RequestItems.views.ConsistentRead)).toEqual([true, true]);
  });

  test('invalid totals of an entry are reported', async () => {
    const stored = { pk: { S: 'v#row#0' }, sk: { S: 'note/1' }, version: { M: {} }, revision: { N: '1' } };
    for (const totals of ['[]', 'null', '{"red":1}', '{"red":[1]}', '{"red":{"n":"1"}}']) {
      const { store } = await storeBehind(() => ({
        body: JSON.stringify({ Responses: { views: [{ ...stored, totals: { S: totals } }] } }),
      }));
      await expect(store.entries('v', places)).rejects.toThrow('Expected totals');
    }
  });

  test('keys that stay unprocessed are unavailable, and retryable', async () => {
    const { store } = await storeBehind((request) => ({
      body: JSON.stringify({ Responses: {}, UnprocessedKeys: { views: { Keys: keysIn(request) } } }),
    }));
    await expect(store.entries('v', places)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  const deletedIn = ({ body }: StubRequest): readonly { DeleteRequest: { Key: { sk: { S: string } } } }[] =>
    JSON.parse(body).RequestItems.views;
  /** A table with three rows in its first shard, where `open` deletions stay unprocessed each time. */
  const aTableOfRows = (open: (requests: readonly unknown[]) => readonly unknown[]) =>
    storeBehind((request) => {
      if (request.operation === 'BatchWriteItem')
        return { body: JSON.stringify({ UnprocessedItems: { views: open(deletedIn(request)) } }) };
      const { ExpressionAttributeValues } = JSON.parse(request.body);
      const items = ExpressionAttributeValues[':pk'].S === 'v#row#0' ? ['a', 'b', 'c'] : [];
      return { body: JSON.stringify({ Items: items.map((S) => ({ pk: { S: 'v#row#0' }, sk: { S } })) }) };
    });

  test('only the deletions that DynamoDB leaves unprocessed are requested again', async () => {
    const { store, requests } = await aTableOfRows(([, ...rest]) => rest);
    expect(await store.remove('v', 1, 10)).toBe(true);
    const writes = requests.filter(({ operation }) => operation === 'BatchWriteItem');
    expect(writes.map((request) => deletedIn(request).map(({ DeleteRequest }) => DeleteRequest.Key.sk.S))).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['c'],
    ]);
  });

  test('deletions that stay unprocessed are unavailable, and retryable', async () => {
    const { store } = await aTableOfRows((all) => all);
    await expect(store.remove('v', 1, 10)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  test('keys to delete, and generations, are read strongly consistently', async () => {
    const { store, requests } = await aTableOfRows(() => []);
    await store.remove('v', 1, 10);
    const queries = requests.filter(({ operation }) => operation === 'Query');
    expect(queries.map(({ body }) => JSON.parse(body).ConsistentRead)).toEqual([true, true]);
    const read = await storeBehind(() => ({ body: '{}' }));
    await read.store.generations(['v', 'w']);
    expect(read.requests.map(({ body }) => JSON.parse(body).RequestItems.views.ConsistentRead)).toEqual([true]);
  });

  test('rows and totals are read strongly consistently only for a caller that needs what was written before', async () => {
    const { store, requests } = await storeBehind(() => ({ body: '{"Items":[],"Responses":{}}' }));
    for (const consistent of [undefined, false, true]) {
      await store.rows('v', 1, { limit: 1, consistent });
      await store.totals('v', 1, { limit: 1, consistent });
      await store.total('v', 1, 'red', consistent);
    }
    const asked = requests.map(({ body }) => JSON.parse(body));
    expect(
      asked.map(({ ConsistentRead, RequestItems }) => ConsistentRead ?? RequestItems.views.ConsistentRead),
    ).toEqual([false, false, true].flatMap((consistent) => [consistent, consistent, consistent]));
  });

  test('invalid generations are reported', async () => {
    const { store } = await storeBehind(() => ({
      body: JSON.stringify({
        Responses: { views: [{ pk: { S: 'v#generations' }, sk: { S: 'generations' }, generations: { S: '{}' } }] },
      }),
    }));
    await expect(store.generations(['v'])).rejects.toThrow('active');
  });

  const cancelled = (...reasons: readonly (string | { readonly Code: string })[]): StubAnswer => ({
    status: 400,
    body: JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map((reason) => (typeof reason === 'string' ? reason : reason.Code)).join(', ')}]`,
      CancellationReasons: reasons.map((reason) =>
        reason === 'TooLarge' ? tooLarge : typeof reason === 'string' ? { Code: reason } : reason,
      ),
    }),
  });
  const tooLarge = { Code: 'ValidationError', Message: 'Item size has exceeded the maximum allowed size' };
  const delta = { key: 'red', shard: 0, sums: { n: 1 }, limit: 100 };

  test.each([
    ['another revision', ['ConditionalCheckFailed', 'None']],
    ['a conflicting transaction', ['None', 'TransactionConflict']],
    ['both', ['TransactionConflict', 'ConditionalCheckFailed']],
  ])('%s is a lost race, not an error', async (_, codes) => {
    const { store, requests } = await storeBehind(() => cancelled(...codes));
    expect(await store.apply('v', [anEntry()], [delta])).toBe(false);
    expect(requests).toHaveLength(1);
  });

  test('a total that would go beyond its limit fails its change at once, with the reason, though other streams have joined it', async () => {
    const reason = {
      Code: 'ConditionalCheckFailed',
      Item: { pk: { S: 'v#total#0' }, sk: { S: 'red' }, 'sum.n': { N: '100' }, streams: { N: '7' } },
    };
    const { store, requests } = await storeBehind(() => cancelled('None', reason));
    await expect(store.apply('v', [anEntry()], [delta])).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      message: expect.stringContaining('The total red.n of v would go beyond 100 in shard 0'),
    });
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['throttling', ['ConditionalCheckFailed', 'ThrottlingError'], { code: 'unavailable', retryable: true }],
    ['too little throughput', ['ProvisionedThroughputExceeded'], { code: 'unavailable', retryable: true }],
    ['an item that grew too large', ['TooLarge', 'None'], { code: 'too-large', retryable: false }],
    ['an impossible reason', ['ValidationError'], { code: 'internal', retryable: false }],
  ])('a transaction that was cancelled for %s is an error', async (_, codes, error) => {
    const { store } = await storeBehind(() => cancelled(...codes));
    await expect(store.apply('v', [], [delta])).rejects.toMatchObject(error);
  });

  test('a missing permission is not retryable, and is reported', async () => {
    const { store } = await storeBehind(() => refusal('AccessDeniedException', 'not authorized'));
    await expect(store.rows('v', 1, { limit: 10 })).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      message: expect.stringContaining('Could not read v#row#0: AccessDeniedException'),
    });
  });
});

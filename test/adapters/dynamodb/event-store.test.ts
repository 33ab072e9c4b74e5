import { describe, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/dynamodb/client.ts';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { credentials, stubServer } from '../stub-server.ts';

describe('DynamoDB event store', () => {
  test('every page of a stream and of a log is read strongly consistently', async () => {
    const key = { pk: { S: 'note/1' }, sk: { S: 'us-east-1#0000000000000001' } };
    const { endpoint, requests } = await stubServer((_, index) => ({
      body: JSON.stringify({ Items: [], ...(index % 2 === 0 && { LastEvaluatedKey: key }) }),
    }));
    const store = dynamoDbEventStore(dynamoDbClient({ endpoint, region: 'us-east-1', credentials }), 'events');
    await store.load('note/1');
    await store.loadLog('note/1', 'us-east-1', 0);
    const { cursor } = await store.scan(0, 2, undefined, 10);
    expect(await store.scan(0, 2, cursor, 10)).toEqual({ commits: [], outcomes: [], cursor: undefined });
    expect(requests.map(({ body }) => JSON.parse(body).ConsistentRead)).toEqual(requests.map(() => true));
    expect(requests.slice(-2).map(({ operation, body }) => [operation, JSON.parse(body)])).toMatchObject([
      ['Scan', { Segment: 0, TotalSegments: 2, Limit: 10 }],
      ['Scan', { Segment: 0, TotalSegments: 2, Limit: 10, ExclusiveStartKey: key }],
    ]);
  });
});

import { describe, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/dynamodb/client.ts';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { credentials, stubServer } from '../stub-server.ts';

describe('DynamoDB event store', () => {
  test('every page of a stream and of a log is read strongly consistently', async () => {
    const key = { pk: { S: 'flight/1' }, sk: { S: 'us-east-1#0000000000000001' } };
    const { endpoint, requests } = await stubServer((_, index) => ({
      body: JSON.stringify({ Items: [], ...(index % 2 === 0 && { LastEvaluatedKey: key }) }),
    }));
    const store = dynamoDbEventStore(dynamoDbClient({ endpoint, region: 'us-east-1', credentials }), 'events');
    await store.load('flight/1');
    await store.loadLog('flight/1', 'us-east-1', 0);
    expect(requests.map(({ body }) => JSON.parse(body).ConsistentRead)).toEqual([true, true, true, true]);
  });
});

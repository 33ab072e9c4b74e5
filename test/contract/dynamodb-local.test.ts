import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, test } from 'vitest';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { dynamoDbSightings } from '../../adapters/dynamodb/sightings.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import { aCommit, aStream } from './commits.ts';
import { countRequests } from './count-requests.ts';
import { describeWithDynamoDbLocal } from './dynamodb-local.ts';
import { eventStoreContract } from './event-store.contract.ts';
import { sightingsContract } from './sightings.contract.ts';
import { viewStoreContract } from './view-store.contract.ts';

describeWithDynamoDbLocal('DynamoDB Local', (local) => {
  let client: DynamoDBClient;
  let table: string;
  beforeAll(async () => {
    client = local().client();
    table = await local().createTable();
  });

  eventStoreContract(() => dynamoDbEventStore(client, table));
  viewStoreContract(() => dynamoDbViewStore(client, table));
  sightingsContract(() => dynamoDbSightings(client, table));

  describe('requests', () => {
    let counted: DynamoDBClient;
    let requests: Map<string, number>;
    beforeAll(() => {
      counted = local().client();
      requests = countRequests(counted);
    });
    const counting = async (act: () => Promise<unknown>): Promise<Record<string, number>> => {
      requests.clear();
      await act();
      return Object.fromEntries(requests);
    };

    test('a put is one PutItem, also when the position is taken; a load is one Query', async () => {
      const store = dynamoDbEventStore(counted, table);
      const commit = aCommit({ stream: aStream() });
      expect(await counting(() => store.put(commit))).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => store.put({ ...commit, commitId: 'other' }))).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => store.load(commit.stream))).toEqual({ QueryCommand: 1 });
      expect(await counting(() => store.loadLog(commit.stream, commit.log, 0))).toEqual({ QueryCommand: 1 });
    });

    test('entries are one BatchGetItem per 100, a change is one transaction, a page one Query a shard', async () => {
      const store = dynamoDbViewStore(counted, table);
      const places = Array.from({ length: 150 }, (_, i) => ({ stream: `flight/${i}`, shard: 0 }));
      expect(await counting(() => store.entries('counted', places))).toEqual({ BatchGetItemCommand: 2 });
      expect(await counting(() => store.entries('counted', []))).toEqual({});
      const deltas = [{ key: 'LAX', shard: 0, sums: { n: 1 } }];
      expect(await counting(() => store.apply('counted', [], deltas))).toEqual({ TransactWriteItemsCommand: 1 });
      expect(await counting(() => store.totals('counted', 4, undefined, 10))).toEqual({ QueryCommand: 4 });
      expect(await counting(() => store.total('counted', 4, 'LAX'))).toEqual({ BatchGetItemCommand: 1 });
    });
  });
});

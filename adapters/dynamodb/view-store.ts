import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutCommand, QueryCommand, TransactWriteCommand, type TransactWriteItem } from '@aws-sdk/lib-dynamodb';
import { isKey, type Sums, type TotalDelta, type ViewEntry, type ViewsTable } from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { checkChange } from '../store-rules/check-change.ts';
import { lastKeyUpTo } from '../store-rules/keys.ts';
import { readShards, type ShardPage } from '../store-rules/sharded-page.ts';
import { sumOf } from '../store-rules/sums.ts';
import { batchDelete } from './batch-delete.ts';
import { batchGet, type Key } from './batch-get.ts';
import { documentClient } from './document-client.ts';
import { lostRace } from './lost-race.ts';
import {
  fromEntryItem,
  fromGenerationsItem,
  fromKeyItem,
  fromRowItem,
  fromTotalItem,
  generationsKey,
  type Item,
  keyOf,
  partitionKey,
  sumAttribute,
  toEntryItem,
  toGenerationsItem,
} from './view-item.ts';

/**
 * The `views` table of the client's Region. Every method throws MeridianError `unavailable` (retryable) if DynamoDB
 * does not respond. Rows and totals are read eventually consistently: a view lags behind its streams anyway.
 */
export function dynamoDbViewStore(client: DynamoDBClient, table: string): ViewsTable {
  const documents = documentClient(client);
  /** Reads the shards of a view within the time limit of one call. */
  const shardReader = <T>(
    view: string,
    kind: 'row' | 'total',
    parse: (item: Item) => { readonly key: string; readonly item: T },
  ) => {
    const bound = timeLimit(DATABASE_MS);
    return async (shard: number, after: string | undefined, limit: number): Promise<ShardPage<T>> => {
      const partition = partitionKey(view, kind, shard);
      const { Items = [], LastEvaluatedKey } = await orSdkError(
        `read ${partition}`,
        documents.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: after ? 'pk = :pk AND sk > :after' : 'pk = :pk',
            ExpressionAttributeValues: { ':pk': partition, ...(after && { ':after': lastKeyUpTo(after) }) },
            Limit: limit,
          }),
          bound,
        ),
      );
      return { items: Items.map(parse), end: LastEvaluatedKey && fromKeyItem(LastEvaluatedKey).sk };
    };
  };

  /** The first keys of a partition, strongly consistent, so that none is missed. */
  const readKeys = async (
    partition: string,
    limit: number,
    bound: ReturnType<typeof timeLimit>,
  ): Promise<readonly Key[]> => {
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': partition },
        ProjectionExpression: 'pk, sk',
        Limit: limit,
      }),
      bound,
    );
    return Items.map(fromKeyItem);
  };

  return {
    generations: async (views) => {
      const items = await orSdkError(
        'read the generations of views',
        batchGet(documents, table, views.map(generationsKey), { consistent: true }),
      );
      return new Map(items.map(fromGenerationsItem));
    },
    setGenerations: async (view, next) => {
      try {
        await documents.send(
          new PutCommand({
            TableName: table,
            Item: toGenerationsItem(view, next),
            ...isAfter(next.revision),
          }),
          timeLimit(DATABASE_MS),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw sdkError(`change the generations of ${view}`, error);
      }
    },
    remove: async (view, shards, limit) => {
      const bound = timeLimit(DATABASE_MS);
      let room = limit;
      for (let shard = 0; shard < shards; shard++)
        for (const kind of ['row', 'total'] as const) {
          if (room <= 0) return false;
          const keys = await orSdkError(`read ${view}`, readKeys(partitionKey(view, kind, shard), room, bound));
          await orSdkError(`delete ${view}`, batchDelete(documents, table, keys, bound));
          room -= keys.length;
        }
      return room > 0;
    },
    entries: async (view, places) => {
      const keys = places.map(({ stream, shard }) => keyOf(view, 'row', shard, stream));
      const items = await orSdkError(`read ${view}`, batchGet(documents, table, keys, { consistent: true }));
      return new Map(items.map(fromEntryItem).map((entry) => [entry.stream, entry]));
    },
    apply: async (view, entries, deltas) => {
      checkChange(entries, deltas);
      const items = [
        ...entries.map((entry) => putEntry(table, view, entry)),
        ...deltas.filter(({ sums }) => Object.keys(sums).length > 0).map((delta) => addDelta(table, view, delta)),
      ];
      if (items.length === 0) return true;
      try {
        // The SDK adds a client token, so that a request retried after a lost response is not applied twice.
        await documents.send(new TransactWriteCommand({ TransactItems: items }), timeLimit(DATABASE_MS));
        return true;
      } catch (error) {
        if (lostRace(error)) return false;
        throw sdkError(`change ${view}`, error);
      }
    },
    rows: (view, shards, after, limit) =>
      readShards(
        {
          shards,
          readShard: shardReader(view, 'row', fromRowItem),
          combine: (key, [value]) => (value === undefined ? undefined : { key, value }),
        },
        after,
        limit,
      ),
    totals: (view, shards, after, limit) =>
      readShards(
        {
          shards,
          readShard: shardReader(view, 'total', fromTotalItem),
          combine: (key, parts: readonly Sums[]) => {
            const sums = sumOf(parts);
            return sums && { key, sums };
          },
        },
        after,
        limit,
      ),
    total: async (view, shards, key) => {
      if (!isKey(key)) return undefined;
      const keys = Array.from({ length: shards }, (_, shard) => keyOf(view, 'total', shard, key));
      const items = await orSdkError(`read ${view}`, batchGet(documents, table, keys, { consistent: false }));
      return sumOf(items.map((item) => fromTotalItem(item).item));
    },
  };
}

function putEntry(table: string, view: string, entry: ViewEntry): TransactWriteItem {
  return {
    Put: {
      TableName: table,
      Item: toEntryItem(view, entry),
      ...isAfter(entry.revision),
    },
  };
}

/** The stored item must have the previous revision; before the first revision there is no item. */
function isAfter(revision: number) {
  return revision === 1
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: 'revision = :before',
        ExpressionAttributeValues: { ':before': revision - 1 },
      };
}

function addDelta(table: string, view: string, { key, shard, sums }: TotalDelta): TransactWriteItem {
  const fields = Object.entries(sums);
  return {
    Update: {
      TableName: table,
      Key: keyOf(view, 'total', shard, key),
      UpdateExpression: `ADD ${fields.map((_, i) => `#${i} :${i}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(fields.map(([field], i) => [`#${i}`, sumAttribute(field)])),
      ExpressionAttributeValues: Object.fromEntries(fields.map(([, sum], i) => [`:${i}`, sum])),
    },
  };
}

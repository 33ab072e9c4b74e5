import {
  type DynamoDBClient,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { TotalDelta, ViewEntry, ViewStore } from '../../core/index.ts';
import { checkChange } from '../check-change.ts';
import { DATABASE_MS, within } from '../connection.ts';
import { isKey, lastKeyUpTo } from '../keys.ts';
import { asked, sdkError } from '../sdk-error.ts';
import { readShards, type ShardPage } from '../sharded-page.ts';
import { addSums, isZero } from '../sums.ts';
import { batchGet } from './batch-get.ts';
import {
  fromEntryItem,
  fromRowItem,
  fromTotalItem,
  type Item,
  keyOf,
  partitionKey,
  sumAttribute,
  toEntryItem,
} from './view-item.ts';

/**
 * The `views` table of the Region that `client` talks to.
 * Every function throws MeridianError `unavailable` (retryable) when DynamoDB does not answer. Rows and totals are read
 * eventually consistently: a view follows its streams with a delay anyway.
 */
export const dynamoDbViewStore = (client: DynamoDBClient, table: string): ViewStore => {
  const readShard = async <T>(
    partition: string,
    after: string | undefined,
    limit: number,
    parse: (item: Item) => { readonly key: string; readonly item: T },
    bound: ReturnType<typeof within>,
  ): Promise<ShardPage<T>> => {
    const { Items = [], LastEvaluatedKey } = await asked(
      `read ${partition}`,
      client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: after ? 'pk = :pk AND sk > :after' : 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: partition }, ...(after && { ':after': { S: lastKeyUpTo(after) } }) },
          Limit: limit,
        }),
        bound,
      ),
    );
    return { items: Items.map(parse), end: LastEvaluatedKey?.sk?.S };
  };

  return {
    entries: async (view, places) => {
      const keys = places.map(({ stream, shard }) => keyOf(view, 'row', shard, stream));
      const items = await asked(`read ${view}`, batchGet(client, table, keys, { consistent: true }));
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
        // The SDK gives the request a token of its own: retried after a lost answer, it is not applied again.
        await client.send(new TransactWriteItemsCommand({ TransactItems: items }), within(DATABASE_MS));
        return true;
      } catch (error) {
        if (lostRace(error)) return false;
        throw sdkError(`change ${view}`, error);
      }
    },
    rows: (view, shards, after, limit) => {
      const bound = within(DATABASE_MS);
      return readShards(
        shards,
        after,
        limit,
        (shard, from, count) => readShard(partitionKey(view, 'row', shard), from, count, fromRowItem, bound),
        (key, [value]) => (value === undefined ? undefined : { key, value }),
      );
    },
    totals: (view, shards, after, limit) => {
      const bound = within(DATABASE_MS);
      return readShards(
        shards,
        after,
        limit,
        (shard, from, count) => readShard(partitionKey(view, 'total', shard), from, count, fromTotalItem, bound),
        (key, parts) => {
          const sums = parts.reduce(addSums, {});
          return isZero(sums) ? undefined : { key, sums };
        },
      );
    },
    total: async (view, shards, key) => {
      if (!isKey(key)) return undefined;
      const keys = Array.from({ length: shards }, (_, shard) => keyOf(view, 'total', shard, key));
      const items = await asked(`read ${view}`, batchGet(client, table, keys, { consistent: false }));
      const sums = items.map((item) => fromTotalItem(item).item).reduce(addSums, {});
      return isZero(sums) ? undefined : sums;
    },
  };
};

const putEntry = (table: string, view: string, entry: ViewEntry): TransactWriteItem => ({
  Put: {
    TableName: table,
    Item: toEntryItem(view, entry),
    ...(entry.revision === 1
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'revision = :before',
          ExpressionAttributeValues: { ':before': { N: String(entry.revision - 1) } },
        }),
  },
});

const addDelta = (table: string, view: string, { key, shard, sums }: TotalDelta): TransactWriteItem => {
  const fields = Object.entries(sums);
  return {
    Update: {
      TableName: table,
      Key: keyOf(view, 'total', shard, key),
      UpdateExpression: `ADD ${fields.map((_, i) => `#${i} :${i}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(fields.map(([field], i) => [`#${i}`, sumAttribute(field)])),
      ExpressionAttributeValues: Object.fromEntries(fields.map(([, sum], i) => [`:${i}`, { N: String(sum) }])),
    },
  };
};

const codesOf = ({ CancellationReasons = [] }: TransactionCanceledException): readonly string[] =>
  CancellationReasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');

/** Another projector was faster: the entry is at another revision, or its transaction was under way. */
const lostRace = (error: unknown): boolean =>
  error instanceof TransactionCanceledException &&
  codesOf(error).every((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict');

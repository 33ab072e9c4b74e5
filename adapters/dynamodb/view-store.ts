import {
  type CancellationReason,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  type TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { PutCommand, QueryCommand, TransactWriteCommand, type TransactWriteItem } from '@aws-sdk/lib-dynamodb';
import {
  hasEffect,
  isKey,
  type PageRequest,
  type Sums,
  type TotalDelta,
  type ViewEntry,
  type ViewsTable,
} from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { checkChange } from '../store-rules/check-change.ts';
import { lastKeyUpTo } from '../store-rules/keys.ts';
import { readShards, type ShardPage } from '../store-rules/sharded-page.ts';
import { checkSums, isLast, type ShardTotal, sumOf } from '../store-rules/sums.ts';
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
  ofAttribute,
  partitionKey,
  STREAMS,
  sumAttribute,
  toEntryItem,
  toGenerationsItem,
} from './view-item.ts';

/**
 * The `views` table of the client's Region. Every method throws MeridianError `unavailable` (retryable) if DynamoDB
 * does not respond. Unless the caller needs what was just written, rows and totals are read eventually consistently: a view
 * lags behind its streams anyway.
 */
export function dynamoDbViewStore(client: DynamoDBClient, table: string): ViewsTable {
  const documents = documentClient(client);
  /** Reads the shards of a view within the time limit of one call. */
  const shardReader = <T>(
    view: string,
    kind: 'row' | 'total',
    parse: (item: Item) => { readonly key: string; readonly item: T },
    { consistent = false }: PageRequest,
  ) => {
    const bound = timeLimit(DATABASE_MS);
    return async (shard: number, after: string | undefined, limit: number): Promise<ShardPage<T>> => {
      const partition = partitionKey(view, kind, shard);
      const { Items = [], LastEvaluatedKey } = await orSdkError(
        `read ${partition}`,
        documents.send(
          new QueryCommand({
            TableName: table,
            ConsistentRead: consistent,
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
      const changed = deltas.filter(hasEffect);
      if (entries.length + changed.length === 0) return true;
      const bound = timeLimit(DATABASE_MS);
      let last: ReadonlySet<TotalDelta> = new Set();
      for (let tries = 0; tries < DELETE_TRIES; tries++) {
        const items = [
          ...entries.map((entry) => putEntry(table, view, entry)),
          ...changed.map((delta) => (last.has(delta) ? removeTotal(table, view, delta) : addDelta(table, view, delta))),
        ];
        try {
          // The SDK adds a client token, so that a request retried after a lost response is not applied twice.
          await documents.send(new TransactWriteCommand({ TransactItems: items }), bound);
          return true;
        } catch (error) {
          if (!lostRace(error)) throw sdkError(`change ${view}`, error);
          const refused = refusedTotals(error, entries.length, changed);
          if (!refused) return false;
          const now = refused.map(({ delta, streams, sums }) => {
            const isGone = isLast(view, delta, streams);
            if (!isGone) checkSums(view, delta, sums);
            return { delta, isGone };
          });
          const still = [...last].filter((delta) => !refused.some((other) => other.delta === delta));
          last = new Set([...still, ...now.filter(({ isGone }) => isGone).map(({ delta }) => delta)]);
        }
      }
      return false;
    },
    rows: (view, shards, page) =>
      readShards(
        {
          shards,
          readShard: shardReader(view, 'row', fromRowItem, page),
          combine: (key, [value]) => (value === undefined ? undefined : { key, value }),
        },
        page,
      ),
    listed: (view, shards, page) =>
      readShards(
        {
          shards,
          readShard: shardReader(view, 'row', keyedEntry, page),
          combine: (key, [entry]: readonly ViewEntry[]) => entry && { key, entry },
        },
        page,
      ),
    totals: (view, shards, page) =>
      readShards(
        {
          shards,
          readShard: shardReader(view, 'total', fromTotalItem, page),
          combine: (key, parts: readonly ShardTotal[]) => {
            const sums = sumOf(parts);
            return sums && { key, sums };
          },
        },
        page,
      ),
    total: async (view, shards, key, consistent = false) => {
      if (!isKey(key)) return undefined;
      const keys = Array.from({ length: shards }, (_, shard) => keyOf(view, 'total', shard, key));
      const items = await orSdkError(`read ${view}`, batchGet(documents, table, keys, { consistent }));
      return sumOf(items.map((item) => fromTotalItem(item).item));
    },
  };
}

function keyedEntry(item: Item): { readonly key: string; readonly item: ViewEntry } {
  const entry = fromEntryItem(item);
  return { key: entry.stream, item: entry };
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

/** How often a change is sent while the last streams of a total leave it, and others join it. */
const DELETE_TRIES = 4;

/** Adds to a total, which is not deleted: if streams leave it, others must remain. No sum may go beyond its limit. */
function addDelta(table: string, view: string, delta: TotalDelta): TransactWriteItem {
  const { key, shard, sums, limit, contributors } = delta;
  const { streams = 0, fields = {} } = contributors ?? {};
  const added = [
    ...Object.entries(sums).map(([field, sum]) => [sumAttribute(field), sum] as const),
    ...Object.entries(fields).map(([field, count]) => [ofAttribute(field), count] as const),
    // A total that counts its streams always has the attribute, even if the first change does not add any.
    ...(contributors ? [[STREAMS, streams] as const] : []),
  ].map(([name, value], i) => ({ name, value, placeholder: i }));
  // The sums come first.
  const bounds = Object.values(sums).map((sum, i) => boundOf(sum, limit, i));
  const conditions = [
    ...bounds.map(({ condition }) => condition),
    ...(streams < 0 ? [`#${added.length - 1} > :leaving`] : []),
  ];
  return {
    Update: {
      TableName: table,
      Key: keyOf(view, 'total', shard, key),
      UpdateExpression: `ADD ${added.map(({ placeholder: i }) => `#${i} :${i}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(added.map(({ name, placeholder: i }) => [`#${i}`, name])),
      ExpressionAttributeValues: {
        ...Object.fromEntries(added.map(({ value, placeholder: i }) => [`:${i}`, value])),
        ...Object.fromEntries(bounds.map(({ value }, i) => [`:b${i}`, value])),
        ...(streams < 0 && { ':leaving': -streams }),
      },
      ...(conditions.length > 0 && {
        ConditionExpression: conditions.join(' AND '),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    },
  };
}

/** The condition that a sum stays within its limit; a missing sum is 0. It compares the stored sum with what leaves room. */
function boundOf(sum: number, limit: number, i: number): { readonly condition: string; readonly value: number } {
  const [within, beyond, value] = sum > 0 ? ['<=', '>', limit - sum] : ['>=', '<', -limit - sum];
  // A comparison with a missing attribute is false. Negated it is true, as there is room for the sum alone.
  return { condition: Math.abs(sum) <= limit ? `NOT #${i} ${beyond} :b${i}` : `#${i} ${within} :b${i}`, value };
}

/** Deletes a total that the last streams leave, unless others have joined it. */
function removeTotal(table: string, view: string, { key, shard, contributors }: TotalDelta): TransactWriteItem {
  return {
    Delete: {
      TableName: table,
      Key: keyOf(view, 'total', shard, key),
      ConditionExpression: '#streams = :leaving',
      ExpressionAttributeNames: { '#streams': STREAMS },
      ExpressionAttributeValues: { ':leaving': -(contributors?.streams ?? 0) },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
}

/**
 * The totals whose condition did not hold, with their sums and the number of streams that contribute to them now;
 * undefined if the change was refused for another reason as well.
 */
function refusedTotals(
  error: TransactionCanceledException,
  entries: number,
  deltas: readonly TotalDelta[],
): readonly { readonly delta: TotalDelta; readonly streams: number; readonly sums: Sums }[] | undefined {
  // The reasons are in the order of the items.
  const refused = (error.CancellationReasons ?? []).flatMap((reason, i) =>
    (reason.Code ?? 'None') === 'None' ? [] : [{ reason, delta: deltas[i - entries] }],
  );
  const totals = refused.flatMap(({ reason: { Code, Item }, delta }) =>
    delta && Code === 'ConditionalCheckFailed' ? [{ delta, ...storedOf(delta, Item) }] : [],
  );
  return totals.length === refused.length ? totals : undefined;
}

/** What a stored total has of the fields of a delta. */
function storedOf(
  { sums }: TotalDelta,
  item: CancellationReason['Item'],
): { readonly streams: number; readonly sums: Sums } {
  const numberAt = (name: string) => Number(item?.[name]?.N ?? 0);
  return {
    streams: numberAt(STREAMS),
    sums: Object.fromEntries(Object.keys(sums).map((field) => [field, numberAt(sumAttribute(field))])),
  };
}

import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { listedKeyOf } from '../../core/facts/ledger.ts';
import type { Ledger } from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { LISTED_BUCKET, LISTED_INDEX, LISTED_KEY } from '../../core/names.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { type KeyRange, ledgerPage, watchKeyOf } from '../store-rules/ledger-keys.ts';
import { batchGet } from './batch-get.ts';
import { documentClient } from './document-client.ts';
import { fromEntryItem, fromStreamItems, toEntryItem, toWatchItem } from './ledger-item.ts';
import { itemsIn, putRevision } from './revised-items.ts';

/** The `conflicts` table of the client's Region. Throws MeridianError `unavailable` (retryable). */
export function dynamoDbLedger(client: DynamoDBClient, table: string): Ledger {
  const documents = documentClient(client);

  const readBucket = async (bucket: string, { first, last }: KeyRange, limit: number) => {
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new QueryCommand({
        TableName: table,
        IndexName: LISTED_INDEX,
        KeyConditionExpression: '#bucket = :bucket AND #listed BETWEEN :first AND :last',
        ExpressionAttributeNames: { '#bucket': LISTED_BUCKET, '#listed': LISTED_KEY },
        ExpressionAttributeValues: { ':bucket': bucket, ':first': first, ':last': last },
        Limit: limit,
      }),
      timeLimit(DATABASE_MS),
    );
    const items = Items.map(fromEntryItem).map((item) => ({ key: listedKeyOf(item), item }));
    return { items, end: LastEvaluatedKey && items.at(-1)?.key };
  };

  return {
    ofStream: async (stream) =>
      fromStreamItems(await orSdkError(`read the conflicts of ${stream}`, itemsIn(documents, table, stream))),
    put: (entry) => {
      const { stream, revision } = entry;
      return putRevision(documents, table, { item: toEntryItem(entry), revision }, `list a conflict of ${stream}`);
    },
    ...watchesIn(documents, table),
    page: (request) => orSdkError('list conflicts', ledgerPage(request, readBucket)),
  };
}

/** The streams that Regions watch. */
function watchesIn(documents: DynamoDBDocumentClient, table: string): Pick<Ledger, 'watch' | 'unwatch' | 'watched'> {
  return {
    watch: async (stream, region, token) => {
      await orSdkError(
        `watch ${stream}`,
        documents.send(
          new PutCommand({ TableName: table, Item: toWatchItem(stream, region, token) }),
          timeLimit(DATABASE_MS),
        ),
      );
    },
    unwatch: async (stream, region, token) => {
      try {
        await documents.send(
          new DeleteCommand({
            TableName: table,
            Key: { pk: stream, sk: watchKeyOf(region) },
            ConditionExpression: '#token = :token',
            ExpressionAttributeNames: { '#token': 'token' },
            ExpressionAttributeValues: { ':token': token },
          }),
          timeLimit(DATABASE_MS),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw sdkError(`stop to watch ${stream}`, error);
      }
    },
    watched: async (streams, region) => {
      const keys = streams.map((stream) => ({ pk: stream, sk: watchKeyOf(region) }));
      const found = await orSdkError(
        'read which streams are watched',
        batchGet(documents, table, keys, { consistent: true, keysOnly: true }),
      );
      return new Set(found.map(({ pk }) => String(pk)));
    },
  };
}

import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Sightings } from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { SEEN_PARTITION } from '../../core/names.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { documentClient } from './document-client.ts';

export const sightingItemSchema = z.object({ sk: z.string(), hlc: z.string() });

/** The newest stamp seen from each Region, in the `views` table. Throws MeridianError `unavailable` (retryable). */
export function dynamoDbSightings(client: DynamoDBClient, table: string): Sightings {
  const documents = documentClient(client);
  return {
    record: async (region, hlc) => {
      try {
        await documents.send(
          new UpdateCommand({
            TableName: table,
            Key: { pk: SEEN_PARTITION, sk: region },
            UpdateExpression: 'SET hlc = :hlc',
            ConditionExpression: 'attribute_not_exists(hlc) OR hlc < :hlc',
            ExpressionAttributeValues: { ':hlc': hlc },
          }),
          timeLimit(DATABASE_MS),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException))
          throw sdkError(`record the newest stamp of ${region}`, error);
      }
    },
    all: async () => {
      // There is one item per Region, so all fit into one page.
      const { Items = [] } = await orSdkError(
        'read the newest stamps of the Regions',
        documents.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :seen',
            ExpressionAttributeValues: { ':seen': SEEN_PARTITION },
          }),
          timeLimit(DATABASE_MS),
        ),
      );
      return new Map(
        Items.map((item) => {
          const { sk, hlc } = sightingItemSchema.parse(item);
          return [sk, hlc];
        }),
      );
    },
  };
}

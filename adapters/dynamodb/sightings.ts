import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { Sightings } from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { SEEN_PARTITION } from '../../core/names.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { textSchema } from './attributes.ts';

const itemSchema = z.object({ sk: textSchema, hlc: textSchema });

/** The newest stamp seen of every Region, in the `views` table. Throws MeridianError `unavailable` (retryable). */
export function dynamoDbSightings(client: DynamoDBClient, table: string): Sightings {
  return {
    record: async (region, hlc) => {
      try {
        await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: { pk: { S: SEEN_PARTITION }, sk: { S: region } },
            UpdateExpression: 'SET hlc = :hlc',
            ConditionExpression: 'attribute_not_exists(hlc) OR hlc < :hlc',
            ExpressionAttributeValues: { ':hlc': { S: hlc } },
          }),
          timeLimit(DATABASE_MS),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException))
          throw sdkError(`record what was seen of ${region}`, error);
      }
    },
    all: async () => {
      // One item a Region: they fit into one page.
      const { Items = [] } = await orSdkError(
        'read what was seen of the Regions',
        client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :seen',
            ExpressionAttributeValues: { ':seen': { S: SEEN_PARTITION } },
          }),
          timeLimit(DATABASE_MS),
        ),
      );
      return new Map(
        Items.map((item) => {
          const { sk, hlc } = itemSchema.parse(item);
          return [sk.S, hlc.S];
        }),
      );
    },
  };
}

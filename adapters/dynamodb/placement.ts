import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import type { PlacementRecord, PlacementStore } from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { documentClient } from './document-client.ts';
import { fromPlacementItem, PLACEMENT_PARTITION, toPlacementItem } from './placement-item.ts';

/** The `placement` table of the client's Region. Throws MeridianError `unavailable` (retryable). */
export function dynamoDbPlacement(client: DynamoDBClient, table: string): PlacementStore {
  const documents = documentClient(client);
  const read = async (): Promise<readonly PlacementRecord[]> => {
    const items: unknown[] = [];
    const query = {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :placement',
      ExpressionAttributeValues: { ':placement': PLACEMENT_PARTITION },
    };
    for await (const { Items = [] } of paginateQuery({ client: documents }, query, timeLimit(DATABASE_MS)))
      items.push(...Items);
    return items.map(fromPlacementItem);
  };
  return {
    records: () => orSdkError('read where home streams are written', read()),
    put: async (record) => {
      const { region, revision } = record;
      const condition =
        revision === 1
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : { ConditionExpression: 'revision = :before', ExpressionAttributeValues: { ':before': revision - 1 } };
      try {
        await documents.send(
          new PutCommand({ TableName: table, Item: toPlacementItem(record), ...condition }),
          timeLimit(DATABASE_MS),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw sdkError(`write where ${region} has home streams written`, error);
      }
    },
  };
}

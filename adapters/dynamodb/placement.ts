import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { PlacementStore } from '../../core/index.ts';
import { orSdkError } from '../sdk/sdk-error.ts';
import { documentClient } from './document-client.ts';
import { fromPlacementItem, PLACEMENT_PARTITION, toPlacementItem } from './placement-item.ts';
import { itemsIn, putRevision } from './revised-items.ts';

/**
 * The `placement` table of the client's Region. Throws MeridianError `unavailable` (retryable).
 * @param readMs the time limit of a read
 */
export function dynamoDbPlacement(client: DynamoDBClient, table: string, readMs?: number): PlacementStore {
  const documents = documentClient(client);
  const read = async () => (await itemsIn(documents, table, PLACEMENT_PARTITION, readMs)).map(fromPlacementItem);
  return {
    records: () => orSdkError('read where home streams are written', read()),
    put: (record) => {
      const { region, revision } = record;
      const doing = `write where ${region} has home streams written`;
      return putRevision(documents, table, { item: toPlacementItem(record), revision }, doing);
    },
  };
}

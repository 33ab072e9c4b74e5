import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type ConnectionOptions, connection } from '../sdk/connection.ts';

/** A client of the Region's own DynamoDB. */
export function dynamoDbClient(options: ConnectionOptions = {}): DynamoDBClient {
  return new DynamoDBClient({ ...connection, ...options });
}

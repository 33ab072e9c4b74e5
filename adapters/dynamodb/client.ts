import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type ConnectionOptions, connection } from '../connection.ts';

/** A client of the Region's own DynamoDB. */
export const dynamoDbClient = (options: ConnectionOptions = {}): DynamoDBClient =>
  new DynamoDBClient({ ...connection, ...options });

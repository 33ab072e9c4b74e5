import { SQSClient } from '@aws-sdk/client-sqs';
import { type ConnectionOptions, connection } from '../sdk/connection.ts';

/** A client of SQS in its own Region. */
export function sqsClient(options: ConnectionOptions = {}): SQSClient {
  return new SQSClient({ ...connection, ...options });
}

import { SQSClient } from '@aws-sdk/client-sqs';
import { type ConnectionOptions, connection } from '../connection.ts';

/** A client of the Region's own SQS. */
export const sqsClient = (options: ConnectionOptions = {}): SQSClient => new SQSClient({ ...connection, ...options });

import { SFNClient } from '@aws-sdk/client-sfn';
import { type ConnectionOptions, connection } from '../sdk/connection.ts';

/** A client of Step Functions in its own Region. */
export function sfnClient(options: ConnectionOptions = {}): SFNClient {
  return new SFNClient({ ...connection, ...options });
}

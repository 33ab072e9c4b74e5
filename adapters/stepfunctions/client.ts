import { SFNClient } from '@aws-sdk/client-sfn';
import { type ConnectionOptions, connection } from '../sdk/connection.ts';

/** A client of the Region's own Step Functions. */
export function sfnClient(options: ConnectionOptions = {}): SFNClient {
  return new SFNClient({ ...connection, ...options });
}

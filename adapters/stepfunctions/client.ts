import { SFNClient } from '@aws-sdk/client-sfn';
import { type ConnectionOptions, connection } from '../connection.ts';

/** A client of the Region's own Step Functions. */
export const sfnClient = (options: ConnectionOptions = {}): SFNClient => new SFNClient({ ...connection, ...options });

import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { type ConnectionOptions, connection } from '../connection.ts';

/** A client of the Region's own EventBridge. */
export const eventBridgeClient = (options: ConnectionOptions = {}): EventBridgeClient =>
  new EventBridgeClient({ ...connection, ...options });

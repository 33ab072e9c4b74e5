import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { type ConnectionOptions, connection } from '../sdk/connection.ts';

/** A client of EventBridge in its own Region. */
export function eventBridgeClient(options: ConnectionOptions = {}): EventBridgeClient {
  return new EventBridgeClient({ ...connection, ...options });
}

import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { dynamoDbSnapshotStore } from '../../adapters/dynamodb/snapshot-store.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { domain } from '../../domain/index.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment(['MERIDIAN_NAME', 'EVENTS_TABLE', 'SNAPSHOTS_TABLE', 'VIEWS_TABLE']);
const telemetry = powertools(env.MERIDIAN_NAME);
const client = dynamoDbClient();

export const handler = makeHandler({
  domain,
  events: dynamoDbEventStore(client, env.EVENTS_TABLE),
  snapshots: dynamoDbSnapshotStore(client, env.SNAPSHOTS_TABLE),
  views: dynamoDbViewStore(client, env.VIEWS_TABLE),
  runtime: nodeRuntime(telemetry.metric),
  telemetry,
});

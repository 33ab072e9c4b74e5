import { domain } from '#domain';
import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { dynamoDbLedger } from '../../adapters/dynamodb/ledger.ts';
import { dynamoDbSightings } from '../../adapters/dynamodb/sightings.ts';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import { eventBridgeBus } from '../../adapters/eventbridge/bus.ts';
import { eventBridgeClient } from '../../adapters/eventbridge/client.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { sqsClient } from '../../adapters/sqs/client.ts';
import { sqsDelayedQueue } from '../../adapters/sqs/delayed-queue.ts';
import { sqsQueue } from '../../adapters/sqs/queue.ts';
import { projectedTypes } from '../../core/index.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment([
  'AWS_REGION',
  'MERIDIAN_REGIONS',
  'MERIDIAN_LOG',
  'MERIDIAN_LOGS',
  'EVENTS_TABLE',
  'CONFLICTS_TABLE',
  'MERIDIAN_NAME',
  'BUS_NAME',
  'PROJECTION_QUEUE_URL',
  'RESOLVER_QUEUE_URL',
  'QUARANTINE_QUEUE_URL',
  'VIEWS_TABLE',
]);
const telemetry = powertools(env.MERIDIAN_NAME);
const client = dynamoDbClient();
const queues = sqsClient();

export const handler = makeHandler({
  domain,
  region: env.AWS_REGION,
  regions: env.MERIDIAN_REGIONS,
  log: env.MERIDIAN_LOG,
  logs: env.MERIDIAN_LOGS.split(','),
  events: dynamoDbEventStore(client, env.EVENTS_TABLE),
  ledger: dynamoDbLedger(client, env.CONFLICTS_TABLE),
  projectedTypes: projectedTypes(domain),
  bus: eventBridgeBus(eventBridgeClient(), env.BUS_NAME),
  projection: sqsQueue(queues, env.PROJECTION_QUEUE_URL),
  lookAgain: sqsDelayedQueue(queues, env.PROJECTION_QUEUE_URL),
  quarantine: sqsQueue(queues, env.QUARANTINE_QUEUE_URL),
  resolver: sqsDelayedQueue(queues, env.RESOLVER_QUEUE_URL),
  sightings: dynamoDbSightings(client, env.VIEWS_TABLE),
  runtime: nodeRuntime(telemetry),
  changeOf,
  telemetry,
});

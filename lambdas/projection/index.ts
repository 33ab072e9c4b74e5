import { domain } from '#domain';
import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventsTables } from '../../adapters/dynamodb/events-tables.ts';
import { dynamoDbLedger } from '../../adapters/dynamodb/ledger.ts';
import { dynamoDbPlacement } from '../../adapters/dynamodb/placement.ts';
import { dynamoDbSnapshotStore } from '../../adapters/dynamodb/snapshot-store.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { warmStreams } from '../../adapters/node/warm-streams.ts';
import { sqsClient } from '../../adapters/sqs/client.ts';
import { sqsDelayedQueue } from '../../adapters/sqs/delayed-queue.ts';
import { OWN_QUEUE_MS } from '../../core/limits/budgets.ts';
import { FUNCTIONS, warmBytes } from '../../core/limits/functions.ts';
import { KnownPlacement } from '../../core/placement/known-placement.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment([
  'AWS_REGION',
  'MERIDIAN_NAME',
  'EVENTS_TABLE',
  'SNAPSHOTS_TABLE',
  'VIEWS_TABLE',
  'TRANSACTIONS_TABLE',
  'DECISIONS',
]);
const telemetry = powertools(env.MERIDIAN_NAME);
const client = dynamoDbClient();
const runtime = nodeRuntime(telemetry);

export const handler = makeHandler({
  domain,
  region: env.AWS_REGION,
  // Optional: while a stack is updated, new code may run with the old variables. It then reads the table only.
  logs: process.env.MERIDIAN_LOGS?.split(',') ?? [],
  // Optional, for the same reason. It then repairs nothing.
  ...(process.env.MERIDIAN_LOG !== undefined && { log: process.env.MERIDIAN_LOG }),
  regions: process.env.MERIDIAN_REGIONS?.split(',') ?? [],
  ledger: process.env.CONFLICTS_TABLE ? dynamoDbLedger(client, process.env.CONFLICTS_TABLE) : undefined,
  events: dynamoDbEventsTables(client, env.EVENTS_TABLE, process.env.STRONG_EVENTS_TABLE, { domain }),
  snapshots: dynamoDbSnapshotStore(client, env.SNAPSHOTS_TABLE),
  decisions: dynamoDbDecisions(client, env.TRANSACTIONS_TABLE, { strong: env.DECISIONS === 'strong' }),
  views: dynamoDbViewStore(client, env.VIEWS_TABLE),
  // Optional, for the same reason. It then announces nothing.
  ahead: process.env.PROJECTION_QUEUE_URL
    ? sqsDelayedQueue(sqsClient(), process.env.PROJECTION_QUEUE_URL, OWN_QUEUE_MS)
    : undefined,
  // Optional, for the same reason.
  ...(process.env.PLACEMENT_TABLE && {
    placement: new KnownPlacement(dynamoDbPlacement(client, process.env.PLACEMENT_TABLE), runtime),
  }),
  keptStreams: warmStreams(warmBytes(FUNCTIONS.projection)),
  runtime,
  telemetry,
});

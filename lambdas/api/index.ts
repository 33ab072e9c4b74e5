import { domain } from '#domain';
import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventsTables } from '../../adapters/dynamodb/events-tables.ts';
import { dynamoDbLedger } from '../../adapters/dynamodb/ledger.ts';
import { dynamoDbPlacement } from '../../adapters/dynamodb/placement.ts';
import { serverClock } from '../../adapters/dynamodb/server-clock.ts';
import { dynamoDbSightings } from '../../adapters/dynamodb/sightings.ts';
import { dynamoDbSnapshotStore } from '../../adapters/dynamodb/snapshot-store.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import { lambdaRemote } from '../../adapters/lambda/remote.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { warmStreams } from '../../adapters/node/warm-streams.ts';
import { sfnClient } from '../../adapters/stepfunctions/client.ts';
import { stepFunctionsMachine } from '../../adapters/stepfunctions/machine.ts';
import { KnownPlacement } from '../../core/index.ts';
import { FUNCTIONS, warmBytes } from '../../core/limits/functions.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment([
  'AWS_REGION',
  'MERIDIAN_NAME',
  'MERIDIAN_REGIONS',
  'MERIDIAN_LOG',
  'EVENTS_TABLE',
  'SNAPSHOTS_TABLE',
  'TRANSACTIONS_TABLE',
  'DECISIONS',
  'VIEWS_TABLE',
  'COMMAND_FUNCTION',
  'PARTICIPANT_FUNCTION',
  'TRANSACTION_MACHINE_ARN',
]);
const telemetry = powertools(env.MERIDIAN_NAME);
const client = dynamoDbClient();
const runtime = nodeRuntime(telemetry, serverClock(client));

// Optional: while a stack is updated, new code may run with the old variables.

export const handler = makeHandler({
  domain,
  region: env.AWS_REGION,
  regions: env.MERIDIAN_REGIONS,
  // These variables are optional: while a stack is updated, new code may run with the old variables.
  version: process.env.MERIDIAN_VERSION,
  log: env.MERIDIAN_LOG,
  logs: process.env.MERIDIAN_LOGS?.split(','),
  events: dynamoDbEventsTables(client, env.EVENTS_TABLE, process.env.STRONG_EVENTS_TABLE, { domain }),
  snapshots: dynamoDbSnapshotStore(client, env.SNAPSHOTS_TABLE),
  decisions: dynamoDbDecisions(client, env.TRANSACTIONS_TABLE, { strong: env.DECISIONS === 'strong' }),
  ledger: process.env.CONFLICTS_TABLE ? dynamoDbLedger(client, process.env.CONFLICTS_TABLE) : undefined,
  views: dynamoDbViewStore(client, env.VIEWS_TABLE),
  sightings: dynamoDbSightings(client, env.VIEWS_TABLE),
  remote: lambdaRemote({ functionName: env.COMMAND_FUNCTION }),
  participants: lambdaRemote({ functionName: env.PARTICIPANT_FUNCTION }),
  machine: stepFunctionsMachine(sfnClient(), env.TRANSACTION_MACHINE_ARN),
  runtime,
  ...(process.env.PLACEMENT_TABLE && {
    placement: new KnownPlacement(dynamoDbPlacement(client, process.env.PLACEMENT_TABLE), runtime),
  }),
  warm: warmStreams(warmBytes(FUNCTIONS.api)),
  telemetry,
});

import { domain } from '#domain';
import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventsTables } from '../../adapters/dynamodb/events-tables.ts';
import { dynamoDbPlacement } from '../../adapters/dynamodb/placement.ts';
import { serverClock } from '../../adapters/dynamodb/server-clock.ts';
import { dynamoDbSnapshotStore } from '../../adapters/dynamodb/snapshot-store.ts';
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
  log: env.MERIDIAN_LOG,
  // Optional: while a stack is updated, new code may run with the old variables.
  logs: process.env.MERIDIAN_LOGS?.split(','),
  events: dynamoDbEventsTables(client, env.EVENTS_TABLE, process.env.STRONG_EVENTS_TABLE, { domain }),
  snapshots: dynamoDbSnapshotStore(client, env.SNAPSHOTS_TABLE),
  decisions: dynamoDbDecisions(client, env.TRANSACTIONS_TABLE, { strong: env.DECISIONS === 'strong' }),
  participants: lambdaRemote({ functionName: env.PARTICIPANT_FUNCTION }),
  machine: stepFunctionsMachine(sfnClient(), env.TRANSACTION_MACHINE_ARN),
  runtime,
  ...(process.env.PLACEMENT_TABLE && {
    placement: new KnownPlacement(dynamoDbPlacement(client, process.env.PLACEMENT_TABLE), runtime),
  }),
  warm: warmStreams(warmBytes(FUNCTIONS.command)),
  telemetry,
});

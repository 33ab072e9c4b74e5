import { domain } from '#domain';
import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventsTables } from '../../adapters/dynamodb/events-tables.ts';
import { dynamoDbLedger } from '../../adapters/dynamodb/ledger.ts';
import { dynamoDbPlacement } from '../../adapters/dynamodb/placement.ts';
import { serverClock } from '../../adapters/dynamodb/server-clock.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import { eventBridgeBus } from '../../adapters/eventbridge/bus.ts';
import { eventBridgeClient } from '../../adapters/eventbridge/client.ts';
import { lambdaRemote } from '../../adapters/lambda/remote.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { warmStreams } from '../../adapters/node/warm-streams.ts';
import { sqsClient } from '../../adapters/sqs/client.ts';
import { sqsDelayedQueue } from '../../adapters/sqs/delayed-queue.ts';
import { sqsQuarantine } from '../../adapters/sqs/quarantine.ts';
import { sqsQueue } from '../../adapters/sqs/queue.ts';
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
  'MERIDIAN_LOGS',
  'EVENTS_TABLE',
  'CONFLICTS_TABLE',
  'VIEWS_TABLE',
  'TRANSACTIONS_TABLE',
  'DECISIONS',
  'BUS_NAME',
  'INGEST_QUEUE_URL',
  'QUARANTINE_QUEUE_URL',
  'RESOLVER_QUEUE_URL',
  'PROJECTION_QUEUE_URL',
]);
const telemetry = powertools(env.MERIDIAN_NAME);
const client = dynamoDbClient();
const queues = sqsClient();
const events = dynamoDbEventsTables(client, env.EVENTS_TABLE, process.env.STRONG_EVENTS_TABLE, { domain });
const ledger = dynamoDbLedger(client, env.CONFLICTS_TABLE);
const runtime = nodeRuntime(telemetry, serverClock(client));
const decisions = dynamoDbDecisions(client, env.TRANSACTIONS_TABLE, { strong: env.DECISIONS === 'strong' });
// Optional: while a stack is updated, new code may run with the old variables.
const placements = process.env.PLACEMENT_TABLE ? dynamoDbPlacement(client, process.env.PLACEMENT_TABLE) : undefined;

export const handler = makeHandler({
  domain,
  region: env.AWS_REGION,
  regions: env.MERIDIAN_REGIONS,
  events,
  ledger,
  listing: {
    ...{
      region: env.AWS_REGION,
      regions: env.MERIDIAN_REGIONS,
      log: env.MERIDIAN_LOG,
      logs: env.MERIDIAN_LOGS.split(','),
    },
    ...{ domain, events, runtime, ledger },
    projection: sqsQueue(queues, env.PROJECTION_QUEUE_URL),
    lookAgain: sqsDelayedQueue(queues, env.PROJECTION_QUEUE_URL),
  },
  placements,
  writing:
    placements && process.env.PARTICIPANT_FUNCTION
      ? {
          ...{ domain, events, decisions, runtime },
          ...{
            region: env.AWS_REGION,
            regions: env.MERIDIAN_REGIONS,
            log: env.MERIDIAN_LOG,
            logs: env.MERIDIAN_LOGS.split(','),
          },
          participants: lambdaRemote({ functionName: process.env.PARTICIPANT_FUNCTION }),
          placement: new KnownPlacement(placements, runtime),
          warm: warmStreams(warmBytes(FUNCTIONS.operate)),
        }
      : undefined,
  decisions,
  views: dynamoDbViewStore(client, env.VIEWS_TABLE),
  bus: eventBridgeBus(eventBridgeClient(), env.BUS_NAME),
  quarantine: sqsQuarantine(queues, env.QUARANTINE_QUEUE_URL),
  ingest: sqsQueue(queues, env.INGEST_QUEUE_URL),
  resolver: sqsDelayedQueue(queues, env.RESOLVER_QUEUE_URL),
  runtime,
  telemetry,
});

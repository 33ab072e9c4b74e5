import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventsTables } from '../../adapters/dynamodb/events-tables.ts';
import { serverClock } from '../../adapters/dynamodb/server-clock.ts';
import { lambdaRemote } from '../../adapters/lambda/remote.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { RESOLVER_DATABASE_MS } from '../../core/limits/budgets.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment([
  'AWS_REGION',
  'MERIDIAN_NAME',
  'EVENTS_TABLE',
  'TRANSACTIONS_TABLE',
  'DECISIONS',
  'PARTICIPANT_FUNCTION',
]);
const telemetry = powertools(env.MERIDIAN_NAME);
const client = dynamoDbClient();
const callMs = RESOLVER_DATABASE_MS;

export const handler = makeHandler({
  region: env.AWS_REGION,
  events: dynamoDbEventsTables(client, env.EVENTS_TABLE, process.env.STRONG_EVENTS_TABLE, { callMs }),
  decisions: dynamoDbDecisions(client, env.TRANSACTIONS_TABLE, { strong: env.DECISIONS === 'strong', callMs }),
  participants: lambdaRemote({ functionName: env.PARTICIPANT_FUNCTION }),
  runtime: nodeRuntime(telemetry, serverClock(client)),
  telemetry,
});

import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { dynamoDbPlacement } from '../../adapters/dynamodb/placement.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { KnownPlacement } from '../../core/index.ts';
import { TRANSACTION_DATABASE_MS } from '../../core/limits/budgets.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment(['AWS_REGION', 'MERIDIAN_NAME', 'EVENTS_TABLE', 'TRANSACTIONS_TABLE', 'DECISIONS']);
const telemetry = powertools(env.MERIDIAN_NAME);
const client = dynamoDbClient();
const callMs = TRANSACTION_DATABASE_MS;
const runtime = nodeRuntime(telemetry);
// Optional: while a stack is updated, new code may run with the old variables.

export const handler = makeHandler({
  region: env.AWS_REGION,
  events: dynamoDbEventStore(client, env.EVENTS_TABLE, { callMs }),
  decisions: dynamoDbDecisions(client, env.TRANSACTIONS_TABLE, { strong: env.DECISIONS === 'strong', callMs }),
  runtime,
  ...(process.env.PLACEMENT_TABLE && {
    placement: new KnownPlacement(dynamoDbPlacement(client, process.env.PLACEMENT_TABLE), runtime),
  }),
  telemetry,
});

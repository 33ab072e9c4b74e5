import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { LiveCheck } from '../../core/index.ts';
import { LIVE_READ_MS } from '../../core/limits/budgets.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment(['AWS_REGION', 'MERIDIAN_NAME', 'EVENTS_TABLE']);
const telemetry = powertools(env.MERIDIAN_NAME);

export const handler = makeHandler({
  check: new LiveCheck({
    region: env.AWS_REGION,
    events: dynamoDbEventStore(dynamoDbClient(), env.EVENTS_TABLE, { callMs: LIVE_READ_MS }),
    runtime: nodeRuntime(telemetry),
  }),
  telemetry,
});

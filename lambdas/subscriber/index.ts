import { addToSums } from '../../adapters/dynamodb/add-to-sums.ts';
import { dynamoDbClient } from '../../adapters/dynamodb/client.ts';
import { dynamoDbProgress } from '../../adapters/dynamodb/progress.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { parseEnvironment } from '../environment.ts';
import { powertools } from '../powertools.ts';
import { TALLY_PARTITION } from '../subscription.ts';
import { makeHandler } from './handler.ts';

const env = parseEnvironment(['MERIDIAN_NAME', 'SUBSCRIBER_TABLE', 'SUBSCRIBE_FROM']);
const telemetry = powertools(env.MERIDIAN_NAME);

export const handler = makeHandler({
  from: env.SUBSCRIBE_FROM,
  progress: dynamoDbProgress(dynamoDbClient(), env.SUBSCRIBER_TABLE, addToSums(env.SUBSCRIBER_TABLE, TALLY_PARTITION)),
  runtime: nodeRuntime(telemetry.metric),
  telemetry,
});

import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { addToSums } from '../../adapters/dynamodb/add-to-sums.ts';
import { dynamoDbProgress } from '../../adapters/dynamodb/progress.ts';
import { memoryProgress } from '../../adapters/memory/progress.ts';
import { memorySharedProgress } from '../../adapters/memory/shared-progress.ts';
import { addSums } from '../../adapters/store-rules/sums.ts';
import type { Addition, Sums } from '../../core/index.ts';
import { tallyPartition } from '../../lambdas/subscription.ts';
import type { ProgressUnderTest } from './progress.contract.ts';
import type { SharedProgressUnderTest } from './shared-progress.contract.ts';

const TALLY = 'tally';

/** The tally of the example subscriber, in memory. */
export function memoryTally(): ProgressUnderTest & { readonly all: ReadonlyMap<string, Sums> } {
  const all = new Map<string, Sums>();
  return {
    all,
    progress: memoryProgress(
      ({ key, sums }) => all.set(key, addSums(all.get(key) ?? {}, sums)),
      () => 0,
    ),
    sumsOf: async (key) => all.get(key) ?? {},
  };
}

/** The tally of the example subscriber, in its table. */
export function dynamoDbTally(client: DynamoDBClient, table: string): ProgressUnderTest {
  return {
    progress: dynamoDbProgress(client, table, addToSums(table, TALLY)),
    sumsOf: async (key) => {
      const { Item = {} } = await client.send(
        new GetItemCommand({ TableName: table, Key: { pk: { S: TALLY }, sk: { S: key } }, ConsistentRead: true }),
      );
      const { pk: _pk, sk: _sk, ...sums } = Item;
      return Object.fromEntries(Object.entries(sums).map(([field, { N }]) => [field, Number(N)]));
    },
  };
}

/** The progress of a subscriber in two Regions, in memory. */
export function memorySharedTally(): SharedProgressUnderTest {
  const inMemory = () =>
    memorySharedProgress(
      memoryProgress<Addition>(
        () => undefined,
        () => 0,
      ),
    );
  const [here, there] = [inMemory(), inMemory()];
  return {
    here,
    there,
    arrive: ({ stream, meta: { log, position, index, count } }) => {
      for (const replica of [here, there]) replica.replicate(stream, log, { position, index, count });
    },
  };
}

/** The same, on one table: what one Region writes is there at once for the other one. */
export function dynamoDbSharedTally(client: DynamoDBClient, table: string): SharedProgressUnderTest {
  const inRegion = (region: string) =>
    dynamoDbProgress(client, table, addToSums(table, tallyPartition(region)), region);
  return { here: inRegion('us-east-1'), there: inRegion('us-west-2'), arrive: () => undefined };
}

import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { addToSums } from '../../adapters/dynamodb/add-to-sums.ts';
import { dynamoDbProgress } from '../../adapters/dynamodb/progress.ts';
import { memoryProgress } from '../../adapters/memory/progress.ts';
import { addSums } from '../../adapters/store-rules/sums.ts';
import type { Sums } from '../../core/index.ts';
import type { ProgressUnderTest } from './progress.contract.ts';

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

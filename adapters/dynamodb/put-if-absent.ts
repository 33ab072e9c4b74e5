import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { timeLimit } from '../sdk/connection.ts';
import { type Key, keySchema } from './attributes.ts';
import { retryConflicts } from './retry-conflicts.ts';

type Item = Record<string, AttributeValue>;

/** Writes an item if its key is free; otherwise the error carries the existing item. */
export function ifAbsent(table: string, item: Item) {
  return {
    TableName: table,
    Item: item,
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
}

/**
 * Puts an item if its key is free: one conditional write.
 * @returns the existing item; undefined if this one was written
 */
export async function putIfAbsent(
  client: DynamoDBClient,
  table: string,
  item: Item,
  callMs: number,
): Promise<Item | undefined> {
  const bound = timeLimit(callMs);
  try {
    await retryConflicts(bound, () => client.send(new PutItemCommand(ifAbsent(table, item)), bound));
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    // The existing item comes with the error, or is read.
    const there = error.Item ?? (await getItem(client, table, keySchema.parse(item), bound));
    if (!there) throw error;
    return there;
  }
}

/** One item, strongly consistent. */
export async function getItem(
  client: DynamoDBClient,
  table: string,
  key: Key,
  bound: ReturnType<typeof timeLimit>,
): Promise<Item | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }), bound);
  return Item;
}

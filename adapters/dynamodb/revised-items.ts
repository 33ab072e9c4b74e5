import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { sdkError } from '../sdk/sdk-error.ts';

// Tables whose items state how often they were written: a write counts only if no other one came before it.

/** All items of a partition, strongly consistent. @param limitMs the time limit of the call */
export async function itemsIn(
  documents: DynamoDBDocumentClient,
  table: string,
  partition: string,
  limitMs = DATABASE_MS,
): Promise<unknown[]> {
  const items: unknown[] = [];
  const query = {
    TableName: table,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :partition',
    ExpressionAttributeValues: { ':partition': partition },
  };
  for await (const { Items = [] } of paginateQuery({ client: documents }, query, timeLimit(limitMs)))
    items.push(...Items);
  return items;
}

/**
 * Writes an item, if the stored one has the previous revision, or, before the first revision, there is none.
 * @param doing for errors
 * @returns true if it was written
 */
export async function putRevision(
  documents: DynamoDBDocumentClient,
  table: string,
  { item, revision }: { readonly item: Record<string, unknown>; readonly revision: number },
  doing: string,
): Promise<boolean> {
  const condition =
    revision === 1
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : { ConditionExpression: 'revision = :before', ExpressionAttributeValues: { ':before': revision - 1 } };
  try {
    await documents.send(new PutCommand({ TableName: table, Item: item, ...condition }), timeLimit(DATABASE_MS));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw sdkError(doing, error);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteCommand, type BatchWriteCommandInput, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { backoff, MeridianError } from '../../core/index.ts';
import { BATCH_WRITE_ITEMS } from '../../core/limits/aws.ts';
import { BATCH_TRIES } from '../../core/limits/budgets.ts';
import type { timeLimit } from '../sdk/connection.ts';
import type { Key } from './batch-get.ts';

/**
 * Deletes the items with these keys. Unprocessed keys are retried, with full jitter.
 * @throws MeridianError `unavailable` if some are left after {@link BATCH_TRIES} attempts; AbortError when the time is
 *   up
 */
export async function batchDelete(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
  bound: ReturnType<typeof timeLimit>,
): Promise<void> {
  for (let i = 0; i < keys.length; i += BATCH_WRITE_ITEMS)
    await deleteChunk(client, table, keys.slice(i, i + BATCH_WRITE_ITEMS), bound);
}

async function deleteChunk(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
  bound: ReturnType<typeof timeLimit>,
): Promise<void> {
  let open: NonNullable<BatchWriteCommandInput['RequestItems']>[string] = keys.map((Key) => ({
    DeleteRequest: { Key },
  }));
  for (let tries = 0; open.length > 0; tries++) {
    if (tries === BATCH_TRIES)
      throw new MeridianError('unavailable', `DynamoDB left ${open.length} items of ${table} undeleted. Retry.`, {
        retryable: true,
      });
    if (tries > 0) await sleep(backoff(Math, tries), undefined, { signal: bound.abortSignal });
    const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [table]: open } }), bound);
    open = UnprocessedItems?.[table] ?? [];
  }
}

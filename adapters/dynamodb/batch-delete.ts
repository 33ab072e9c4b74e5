import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteItemCommand, type DynamoDBClient, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { MeridianError } from '../../core/index.ts';
import type { timeLimit } from '../sdk/connection.ts';
import type { Key } from './batch-get.ts';

/** DynamoDB's own limit of one BatchWriteItem. */
const MAX_WRITES = 25;
const MAX_ATTEMPTS = 8;
const BASE_MS = 25;
const CAP_MS = 1_000;

/**
 * Deletes the items under these keys. What DynamoDB leaves undone is asked for again, with full jitter.
 * @throws MeridianError `unavailable` when something is still undone after 8 attempts, AbortError when the time is up
 */
export async function batchDelete(
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
  bound: ReturnType<typeof timeLimit>,
): Promise<void> {
  for (let i = 0; i < keys.length; i += MAX_WRITES)
    await deleteChunk(
      client,
      table,
      keys.slice(i, i + MAX_WRITES).map((key) => ({ DeleteRequest: { Key: key } })),
      bound,
    );
}

async function deleteChunk(
  client: DynamoDBClient,
  table: string,
  requests: WriteRequest[],
  bound: ReturnType<typeof timeLimit>,
): Promise<void> {
  let open = requests;
  for (let attempt = 0; open.length > 0; attempt++) {
    if (attempt === MAX_ATTEMPTS)
      throw new MeridianError('unavailable', `DynamoDB left ${open.length} items of ${table} undeleted. Try again.`, {
        retryable: true,
      });
    if (attempt > 0)
      await sleep(Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt), undefined, { signal: bound.abortSignal });
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [table]: open } }),
      bound,
    );
    open = UnprocessedItems?.[table] ?? [];
  }
}

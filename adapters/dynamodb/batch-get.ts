import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { inChunks } from '../../core/facts/chunks.ts';
import { backoff, MeridianError } from '../../core/index.ts';
import { BATCH_GET_KEYS } from '../../core/limits/aws.ts';
import { BATCH_TRIES, DATABASE_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';

export type Key = { readonly pk: string; readonly sk: string };
type Item = Record<string, unknown>;

export interface BatchGetOptions {
  readonly consistent: boolean;
  /** Whether only the keys of the items are needed. @default false */
  readonly keysOnly?: boolean;
  /** The time limit of all requests together. @default the time limit of one call of the table */
  readonly bound?: ReturnType<typeof timeLimit>;
}

/**
 * The items with these keys, in any order. Unprocessed keys (a throttled partition, more than 16 MB) are retried, with
 * full jitter.
 * @throws MeridianError `unavailable` if some are left after {@link BATCH_TRIES} attempts; AbortError when the time is
 *   up
 */
export async function batchGet(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
  { consistent, keysOnly = false, bound = timeLimit(DATABASE_MS) }: BatchGetOptions,
): Promise<readonly Item[]> {
  // DynamoDB rejects duplicate keys.
  const unique = [...new Map(keys.map((key) => [`${key.pk}\n${key.sk}`, key])).values()];
  const chunks = inChunks(unique, BATCH_GET_KEYS);
  return (
    await Promise.all(chunks.map((chunk) => getChunk(client, table, chunk, { consistent, keysOnly, bound })))
  ).flat();
}

async function getChunk(
  client: DynamoDBDocumentClient,
  table: string,
  keys: Key[],
  { consistent, keysOnly, bound }: Required<BatchGetOptions>,
): Promise<Item[]> {
  const found: Item[] = [];
  let open: Item[] = keys;
  for (let tries = 0; open.length > 0; tries++) {
    if (tries === BATCH_TRIES)
      throw new MeridianError('unavailable', `DynamoDB left ${open.length} keys of ${table} unread. Retry.`, {
        retryable: true,
      });
    if (tries > 0) await sleep(backoff(Math, tries), undefined, { signal: bound.abortSignal });
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({
        RequestItems: {
          [table]: { Keys: open, ConsistentRead: consistent, ...(keysOnly && { ProjectionExpression: 'pk, sk' }) },
        },
      }),
      bound,
    );
    found.push(...(Responses?.[table] ?? []));
    open = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return found;
}

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

const responseSchema = z.object({ headers: z.object({ date: z.string() }) });

/**
 * Compares this process's clock with that of DynamoDB, which its responses have in their `Date` header, in whole seconds.
 * @returns milliseconds by which this clock is ahead of DynamoDB's, continued from the last response by a monotonic clock; 0
 *   before the first. If the process was frozen meanwhile, that is too much, until the next response
 */
export function serverClock(
  client: DynamoDBClient,
  now: () => number = Date.now,
  elapsed: () => number = () => performance.now(),
): () => number {
  let last: { readonly server: number; readonly at: number } | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const server = Date.parse(responseSchema.safeParse(result.response).data?.headers.date ?? '');
      if (!Number.isNaN(server)) last = { server, at: elapsed() };
      return result;
    },
    { step: 'deserialize', name: 'serverClock' },
  );
  return () => (last ? now() - (last.server + elapsed() - last.at) : 0);
}

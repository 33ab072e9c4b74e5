import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

const responseSchema = z.object({ headers: z.object({ date: z.string() }) });

/**
 * Compares this process's clock with that of DynamoDB, which every response has in its `Date` header, in whole seconds.
 * @returns milliseconds by which this clock was ahead at the last response of this client; 0 before the first
 */
export function serverClock(client: DynamoDBClient, now: () => number = Date.now): () => number {
  let ahead = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const at = Date.parse(responseSchema.safeParse(result.response).data?.headers.date ?? '');
      if (!Number.isNaN(at)) ahead = now() - at;
      return result;
    },
    { step: 'deserialize', name: 'serverClock' },
  );
  return () => ahead;
}

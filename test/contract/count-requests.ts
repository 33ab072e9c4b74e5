import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * Counts what a client sends from now on, by command name: `{ PutItemCommand → 3 }`. Every attempt counts, retries of the
 * SDK too. The map goes on counting; clear it to begin anew.
 */
export function countRequests(client: DynamoDBClient): Map<string, number> {
  const counts = new Map<string, number>();
  client.middlewareStack.add(
    (next, { commandName = 'unknown' }) =>
      (args) => {
        counts.set(commandName, (counts.get(commandName) ?? 0) + 1);
        return next(args);
      },
    // The last step, which a retry passes again.
    { step: 'deserialize', priority: 'low', name: 'countRequests' },
  );
  return counts;
}

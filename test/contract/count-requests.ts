import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * Counts a client's requests from now on, by command name: `{ PutItemCommand → 3 }`. Every attempt counts, including
 * retries of the SDK. The map keeps counting; clear it to restart.
 */
export function countRequests(client: DynamoDBClient): Map<string, number> {
  const counts = new Map<string, number>();
  client.middlewareStack.add(
    (next, { commandName = 'unknown' }) =>
      (args) => {
        counts.set(commandName, (counts.get(commandName) ?? 0) + 1);
        return next(args);
      },
    // The last step, which retries pass through again.
    { step: 'deserialize', priority: 'low', name: 'countRequests' },
  );
  return counts;
}

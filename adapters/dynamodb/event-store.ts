import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Commit, EventStore } from '../../core/index.ts';
import { DATABASE_MS, within } from '../connection.ts';
import { asked, sdkError } from '../sdk-error.ts';
import { fromImage, sortKey, toImage } from './commit-item.ts';

/**
 * The `events` table of the Region that `client` talks to.
 * Every function throws MeridianError `unavailable` (retryable) when DynamoDB does not answer; `put` throws `too-large`
 * for a commit above DynamoDB's 400 KB.
 */
export const dynamoDbEventStore = (client: DynamoDBClient, table: string): EventStore => {
  const query = async (condition: string, values: Readonly<Record<string, string>>): Promise<readonly Commit[]> => {
    const input: QueryCommandInput = {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: condition,
      ExpressionAttributeValues: Object.fromEntries(Object.entries(values).map(([name, S]) => [name, { S }])),
    };
    const commits: Commit[] = [];
    for await (const { Items = [] } of paginateQuery({ client }, input, within(DATABASE_MS)))
      commits.push(...Items.map(fromImage));
    return commits;
  };

  return {
    load: (stream) => asked(`load ${stream}`, query('pk = :stream', { ':stream': stream })),
    loadLog: (stream, log, after) =>
      asked(
        `load ${stream}`,
        // Both ends: behind this log come those of other Regions.
        query('pk = :stream AND sk BETWEEN :first AND :last', {
          ':stream': stream,
          ':first': sortKey(log, after + 1),
          ':last': sortKey(log, Number.MAX_SAFE_INTEGER),
        }),
      ),
    put: async (commit) => {
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: toImage(commit),
            ConditionExpression: 'attribute_not_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
          within(DATABASE_MS),
        );
        return undefined;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException && error.Item) return fromImage(error.Item);
        throw sdkError(`append to ${commit.stream}`, error);
      }
    },
  };
};

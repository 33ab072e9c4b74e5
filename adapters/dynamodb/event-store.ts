import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  type QueryCommandInput,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { Commit, EventStore, Version } from '../../core/index.ts';
import { DATABASE_MS, within } from '../connection.ts';
import { cursorOf } from '../cursor.ts';
import { asked, sdkError } from '../sdk-error.ts';
import { textSchema } from './attributes.ts';
import { fromImage, sortKey, toImage } from './commit-item.ts';

/**
 * The `events` table of the Region that `client` talks to.
 * Every function throws MeridianError `unavailable` (retryable) when DynamoDB does not answer; `put` throws `too-large`
 * for a commit above DynamoDB's 400 KB.
 */
export const dynamoDbEventStore = (client: DynamoDBClient, table: string): EventStore => {
  const query = async (stream: string, first: string, last: string): Promise<readonly Commit[]> => {
    const input: QueryCommandInput = {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :stream AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':stream': { S: stream }, ':first': { S: first }, ':last': { S: last } },
    };
    const commits: Commit[] = [];
    for await (const { Items = [] } of paginateQuery({ client }, input, within(DATABASE_MS)))
      commits.push(...Items.map(fromImage));
    return commits;
  };

  return {
    load: async (stream, after = {}) => {
      const queries = rangesBehind(after).map(([first, last]) => query(stream, first, last));
      return (await asked(`load ${stream}`, Promise.all(queries))).flat();
    },
    loadLog: (stream, log, after) =>
      asked(
        `load ${stream}`,
        // Both ends: behind this log come those of other Regions.
        query(stream, sortKey(log, after + 1), sortKey(log, Number.MAX_SAFE_INTEGER)),
      ),
    scan: async (segment, segments, after, limit) => {
      const { Items = [], LastEvaluatedKey } = await asked(
        `scan ${table}`,
        client.send(
          new ScanCommand({
            TableName: table,
            ConsistentRead: true,
            Segment: segment,
            TotalSegments: segments,
            Limit: limit,
            ...(after !== undefined && { ExclusiveStartKey: cursors.decode(after) }),
          }),
          within(DATABASE_MS),
        ),
      );
      return {
        commits: Items.map(fromImage),
        cursor: LastEvaluatedKey && cursors.encode(keySchema.parse(LastEvaluatedKey)),
      };
    },
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

/**
 * The sort keys of a stream that a version does not cover, from and to: before its first log, between each log's last
 * position and the next log, and behind its last one. Logs that are not in the version are in these too.
 */
const rangesBehind = (version: Version): readonly (readonly [string, string])[] => {
  const logs = Object.entries(version).sort(([a], [b]) => (a < b ? -1 : 1));
  const ends = [...logs.map(([log]) => sortKey(log, 0)), LAST_KEY];
  return [FIRST_KEY, ...logs.map(([log, position]) => sortKey(log, position + 1))].map((first, i) => [
    first,
    ends[i] ?? LAST_KEY,
  ]);
};

/** Log names begin with a letter or a digit. */
const [FIRST_KEY, LAST_KEY] = ['!', '~'];

/** Where a page of a scan ended. */
const keySchema = z.object({ pk: textSchema, sk: textSchema });
const cursors = cursorOf(keySchema);

import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';
import { cursorOf } from '../store-rules/cursor.ts';
import { keySchema } from './attributes.ts';

interface SegmentPage {
  /** 0 to `segments` - 1. */
  readonly segment: number;
  readonly segments: number;
  /** The cursor of the previous page. */
  readonly after: string | undefined;
  readonly limit: number;
  /** Milliseconds for the call. */
  readonly callMs: number;
}

/** The next items of one segment of a table, strongly consistent: one Scan. @throws MeridianError `validation`, `unavailable` */
export async function scanSegment(
  client: DynamoDBClient,
  table: string,
  { segment, segments, after, limit, callMs }: SegmentPage,
): Promise<{ readonly items: readonly Record<string, AttributeValue>[]; readonly cursor: string | undefined }> {
  const command = new ScanCommand({
    TableName: table,
    ConsistentRead: true,
    Segment: segment,
    TotalSegments: segments,
    Limit: limit,
    ...(after !== undefined && { ExclusiveStartKey: cursors.decode(after) }),
  });
  const { Items = [], LastEvaluatedKey } = await orSdkError(`scan ${table}`, client.send(command, timeLimit(callMs)));
  return { items: Items, cursor: LastEvaluatedKey && cursors.encode(keySchema.parse(LastEvaluatedKey)) };
}

/** The end of a scan's page. */
const cursors = cursorOf(keySchema);

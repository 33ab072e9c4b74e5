import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand, paginateQuery, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { decodeSnapshot, encodeSnapshot, type Hlc, type SnapshotStore } from '../../core/index.ts';
import { SNAPSHOT_MS, SNAPSHOT_PART_BYTES } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';
import { batchGet, type Key } from './batch-get.ts';
import { documentClient } from './document-client.ts';

const VERSION_DIGITS = 10;

/*
 * A snapshot is stored as compressed JSON, split into parts. Its name sorts by version and stamp and ends with the digest of its bytes. So two writers of the same snapshot write the same items, and the items of different snapshots never mix. The head contains the first part, and is written last: only snapshots with a head are found, and only bytes that match the digest are used.
 */
function digits(version: number): string {
  return String(version).padStart(VERSION_DIGITS, '0');
}
function headKey(stream: string, name: string): Key {
  return { pk: stream, sk: `head#${name}` };
}
function partKey(stream: string, name: string, part: number): Key {
  return { pk: stream, sk: `part#${name}#${part}` };
}
function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64url');
}

const binarySchema = z.instanceof(Uint8Array);
export const headSchema = z.object({
  sk: z.string().regex(/^head#\d+\.[0-9a-f]+\.[\w-]+$/),
  parts: z.int().positive(),
  bytes: binarySchema,
});
export const partSchema = z.object({ sk: z.string(), bytes: binarySchema });
const keySchema = z.object({ pk: z.string(), sk: z.string() });
type Bound = ReturnType<typeof timeLimit>;

/**
 * The `snapshots` table of the client's Region. Throws MeridianError `unavailable` (retryable).
 * @param milliseconds time limit of a whole call
 */
export function dynamoDbSnapshotStore(
  client: DynamoDBClient,
  table: string,
  milliseconds = SNAPSHOT_MS,
): SnapshotStore {
  const documents = documentClient(client);
  const between = (stream: string, first: string, last: string) => ({
    TableName: table,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :stream AND sk BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':stream': stream, ':first': first, ':last': last },
  });

  const newest = async (
    stream: string,
    codeVersion: number,
    before: Hlc,
    bound: Bound,
  ): Promise<Uint8Array | undefined> => {
    const heads = between(stream, `head#${digits(codeVersion)}.`, `head#${digits(codeVersion)}.${before}`);
    const { Items: [item] = [] } = await documents.send(
      new QueryCommand({ ...heads, ScanIndexForward: false, Limit: 1 }),
      bound,
    );
    if (!item) return undefined;
    const head = headSchema.parse(item);
    const name = head.sk.slice('head#'.length);
    const [, stamp = '', digest] = name.split('.');
    const bytes = await wholeOf(stream, name, head, bound);
    // The snapshot is incomplete: its writer crashed, or it is being deleted.
    return digestOf(bytes) === digest ? bytes : newest(stream, codeVersion, stamp, bound);
  };

  const wholeOf = async (stream: string, name: string, head: z.output<typeof headSchema>, bound: Bound) => {
    const keys = Array.from({ length: head.parts - 1 }, (_, i) => partKey(stream, name, i + 1));
    const items = keys.length > 0 ? await batchGet(documents, table, keys, { consistent: true, bound }) : [];
    const parts = new Map(items.map((item) => partSchema.parse(item)).map(({ sk, bytes }) => [sk, bytes]));
    return Buffer.concat([head.bytes, ...keys.map(({ sk }) => parts.get(sk) ?? new Uint8Array())]);
  };

  /** The keys of a stream's items, within a range of sort keys. */
  const keysBetween = async (stream: string, first: string, last: string, bound: Bound): Promise<readonly Key[]> => {
    const input: QueryCommandInput = { ...between(stream, first, last), ProjectionExpression: 'pk, sk' };
    const keys: Key[] = [];
    for await (const { Items = [] } of paginateQuery({ client: documents }, input, bound))
      keys.push(...Items.map((item) => keySchema.parse(item)));
    return keys;
  };

  const remove = (keys: readonly Key[], bound: Bound): Promise<unknown> =>
    Promise.all(keys.map((Key) => documents.send(new DeleteCommand({ TableName: table, Key }), bound)));

  /**
   */
  /**
   * Deletes everything before the two newest snapshots of this version: older snapshots, those of other versions, and
   * parts without a head.
   */
  const clean = async (stream: string, codeVersion: number, bound: Bound): Promise<void> => {
    const keys = await keysBetween(stream, 'head#', 'part#~', bound);
    const [, second] = keys
      .map(({ sk }) => sk)
      .filter((sk) => sk.startsWith(`head#${digits(codeVersion)}.`))
      .reverse();
    const nameIn = (sk: string): string => sk.slice('head#'.length);
    if (second !== undefined)
      await remove(
        keys.filter(({ sk }) => nameIn(sk) < nameIn(second)),
        bound,
      );
  };

  return {
    newest: async (stream, codeVersion, before = '~') => {
      const bytes = await orSdkError(
        `load the snapshot of ${stream}`,
        newest(stream, codeVersion, before, timeLimit(milliseconds)),
      );
      return bytes && decodeSnapshot(String(await promisify(gunzip)(bytes)));
    },
    put: async (snapshot) => {
      const { stream, codeVersion, latestStamp } = snapshot;
      const bytes = await promisify(gzip)(encodeSnapshot(snapshot));
      const name = `${digits(codeVersion)}.${latestStamp}.${digestOf(bytes)}`;
      const [first, ...others] = partsOf(bytes);
      const bound = timeLimit(milliseconds);
      const write = (Item: Record<string, unknown>) =>
        documents.send(new PutCommand({ TableName: table, Item }), bound);
      const store = async (): Promise<void> => {
        await Promise.all(others.map((part, i) => write({ ...partKey(stream, name, i + 1), bytes: part })));
        await write({ ...headKey(stream, name), parts: 1 + others.length, bytes: first });
        await clean(stream, codeVersion, bound);
      };
      await orSdkError(`store a snapshot of ${stream}`, store());
    },
    drop: async (stream, codeVersion, latestStamp) => {
      const bound = timeLimit(milliseconds);
      const name = `head#${digits(codeVersion)}.${latestStamp}`;
      const heads = await orSdkError(
        `drop a snapshot of ${stream}`,
        keysBetween(stream, `${name}.`, `${name}.~`, bound),
      );
      await orSdkError(`drop a snapshot of ${stream}`, remove(heads, bound));
    },
  };
}

function partsOf(bytes: Uint8Array): [Uint8Array, ...Uint8Array[]] {
  const rest = Array.from({ length: Math.ceil(bytes.length / SNAPSHOT_PART_BYTES) - 1 }, (_, i) =>
    bytes.subarray((i + 1) * SNAPSHOT_PART_BYTES, (i + 2) * SNAPSHOT_PART_BYTES),
  );
  return [bytes.subarray(0, SNAPSHOT_PART_BYTES), ...rest];
}

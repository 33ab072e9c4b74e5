import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { toImage } from '../../../adapters/dynamodb/commit-item.ts';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { dynamoDbSnapshotStore } from '../../../adapters/dynamodb/snapshot-store.ts';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { AppendPorts, Domain } from '../../../core/index.ts';
import { readStream } from '../../../core/read/streams.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { countRequests } from '../../contract/count-requests.ts';
import { describeWithDynamoDbLocal } from '../../contract/dynamodb-local.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, command, domainWithSnapshots, REGIONS } from '../a-region.ts';

const responseSchema = z.object({ headers: z.object({ 'content-length': z.coerce.number() }) });

const COMMITS = 10_000;
const EVERY = 200;
const START = Date.UTC(2001, 0, 1);
const MINUTE = 60_000;

/** Commits of a home stream as `append` writes them, one every this many milliseconds. */
function history(stream: string, every: number): readonly Commit[] {
  return Array.from({ length: COMMITS }, (_, i) => {
    const runtime = fakeRuntime();
    const hlc = nextStamp(START + i * every);
    return {
      stream,
      log: 'us',
      position: i + 1,
      commitId: `${hlc.slice(0, 8)}-${hlc.slice(8, 12)}-7${runtime.digest(`${i}`).slice(0, 3)}-${runtime.digest(`id ${i}`).slice(0, 17)}`,
      fingerprint: runtime.digest(`request ${i}`),
      events: [{ type: 'Deposited', schemaVersion: 2, data: { amount: 1 } }],
      context: i > 0 ? { us: i } : {},
      previous: i,
      hlc,
      region: 'us',
      meta: { correlation: 'correlation', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
    };
  });
}

describeWithDynamoDbLocal('a home stream of 10,000 commits on DynamoDB Local', (local) => {
  let client: DynamoDBClient;
  let requests: Map<string, number>;
  /** Kilobytes of responses, since the last count started. */
  let kilobytes = 0;
  let tables: { readonly events: string; readonly snapshots: string };

  beforeAll(async () => {
    // A slow machine takes long to read a megabyte: a retry would be counted twice, an abandoned request not at all.
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(new AbortController().signal);
    client = new DynamoDBClient({
      ...{ endpoint: local().endpoint, region: 'us-east-1', requestHandler: { requestTimeout: 100_000 } },
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    requests = countRequests(client);
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        kilobytes += Math.round(responseSchema.parse(result.response).headers['content-length'] / 1024);
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'countBytes' },
    );
    tables = { events: await local().createTable(), snapshots: await local().createTable() };
  });

  afterAll(() => {
    vi.restoreAllMocks();
  });

  const write = async (commits: readonly Commit[]): Promise<void> => {
    const batches = Array.from({ length: commits.length / 25 }, (_, i) => commits.slice(25 * i, 25 * i + 25));
    for (let i = 0; i < batches.length; i += 10)
      await Promise.all(
        batches.slice(i, i + 10).map((batch) => {
          const puts = batch.map((commit) => ({ PutRequest: { Item: toImage(commit) } }));
          return client.send(new BatchWriteItemCommand({ RequestItems: { [tables.events]: puts } }));
        }),
      );
  };

  /** A new process of the Region. */
  const aProcess = (now: number, of: Domain = toyDomain): AppendPorts => ({
    domain: of,
    region: 'us',
    regions: REGIONS,
    log: 'us',
    runtime: fakeRuntime(now),
    warm: new Map(),
    events: dynamoDbEventStore(client, tables.events),
    decisions: memoryDecisions({ strong: true }),
    snapshots: dynamoDbSnapshotStore(client, tables.snapshots),
  });

  const counting = async (act: () => Promise<unknown>): Promise<Record<string, number>> => {
    requests.clear();
    kilobytes = 0;
    await act();
    return Object.fromEntries([...requests].sort());
  };

  it.each([
    ['within a year', 50 * MINUTE, { QueryCommand: 3 }],
    ['within the 14 days that ids are remembered', 2 * MINUTE, { BatchGetItemCommand: 1, QueryCommand: 3 }],
  ])(
    '%s is read cold from a snapshot and a tail, and appended to with one more PutItem',
    async (when, every, cold) => {
      const stream = `account/us.${every}`;
      const deposit = () => anAppend({ stream, operation: command('deposit', { amount: 1 }) });
      const now = START + COMMITS * every;
      const withSnapshots = domainWithSnapshots({ every: EVERY, codeVersion: 1 });
      await write(history(stream, every));

      const readWhole = await counting(() => readStream(aProcess(now), stream));
      const wholeKilobytes = kilobytes;
      const appendWhole = await counting(() => appendToStream(aProcess(now), deposit()));
      const taking = await counting(() => readStream(aProcess(now, withSnapshots), stream));

      const read = await counting(async () =>
        expect(await readStream(aProcess(now, withSnapshots), stream)).toMatchObject({ state: COMMITS + 1 }),
      );
      const readKilobytes = kilobytes;
      const one = deposit();
      const appended = await counting(() => appendToStream(aProcess(now, withSnapshots), one));
      expect(read).toEqual(cold);
      expect(appended).toEqual({ ...cold, PutItemCommand: 1 });
      expect(await counting(() => appendToStream(aProcess(now, withSnapshots), one))).toEqual(cold);

      const warm = aProcess(now, withSnapshots);
      await appendToStream(warm, deposit());
      const more = await counting(async () => {
        for (let i = 0; i < EVERY; i++) await appendToStream(warm, deposit());
      });
      process.stdout.write(
        [
          `10,000 commits ${when}, cold:`,
          `  read    ${JSON.stringify(readWhole)} whole (${wholeKilobytes} KB), ${JSON.stringify(read)} from a snapshot (${readKilobytes} KB)`,
          `  append  ${JSON.stringify(appendWhole)} whole, ${JSON.stringify(appended)} from a snapshot`,
          `  the read that takes the snapshot ${JSON.stringify(taking)}; ${EVERY} appends, warm ${JSON.stringify(more)}\n`,
        ].join('\n'),
      );
      expect(readWhole.QueryCommand).toBeGreaterThanOrEqual(4);
      expect(readKilobytes).toBeLessThan(wholeKilobytes / 3);
    },
    300_000,
  );
});

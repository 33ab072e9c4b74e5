import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, expect, it } from 'vitest';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { dynamoDbSnapshotStore } from '../../../adapters/dynamodb/snapshot-store.ts';
import { dynamoDbViewStore } from '../../../adapters/dynamodb/view-store.ts';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { readStream } from '../../../core/read/streams.ts';
import { readRow, readRows } from '../../../core/read/views.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { countRequests } from '../../contract/count-requests.ts';
import { describeWithDynamoDbLocal } from '../../contract/dynamodb-local.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, domainWithSnapshots, noted, REGIONS } from '../a-region.ts';

const STREAM = 'note/n';
const EVERY = 3;
const MINUTE = 60_000;
/** A slow machine must not cause a load without a snapshot here. */
const PATIENTLY_MS = 15_000;

describeWithDynamoDbLocal('reads on DynamoDB Local', (local) => {
  let client: DynamoDBClient;
  let requests: Map<string, number>;
  let tables: { readonly events: string; readonly snapshots: string; readonly views: string };

  beforeAll(async () => {
    client = local().client();
    requests = countRequests(client);
    tables = {
      events: await local().createTable(),
      snapshots: await local().createTable(),
      views: await local().createTable(),
    };
  });

  /** A new process of the Region. */
  const aProcess = () => ({
    ...{ domain: domainWithSnapshots({ every: EVERY, codeVersion: 1, settle: 0 }), region: 'us', regions: REGIONS },
    ...{ log: 'us', runtime: fakeRuntime(), warm: new Map(), decisions: memoryDecisions({ strong: true }) },
    events: dynamoDbEventStore(client, tables.events),
    snapshots: dynamoDbSnapshotStore(client, tables.snapshots, PATIENTLY_MS),
    views: dynamoDbViewStore(client, tables.views),
  });

  const counting = async (act: () => Promise<unknown>): Promise<Record<string, number>> => {
    requests.clear();
    await act();
    return Object.fromEntries([...requests].sort());
  };

  it('take one more Query for a state before the snapshot, and no more requests for a row that must be new', async () => {
    const us = aProcess();
    for (let i = 0; i < 5; i++) {
      await appendToStream(us, anAppend({ operation: noted(`${i}`) }));
      us.runtime.advance(MINUTE);
    }
    const trigger = { stream: STREAM, log: 'us', position: 5, inTable: true };
    expect(await projectTriggers(us, [trigger])).toEqual(new Map());
    const [start] = [fakeRuntime().now()];
    const read = { QueryCommand: 3 };
    const warm = aProcess();
    // A read keeps nothing in memory, so a warm process sends as many requests as a cold one.
    for (const process of [aProcess(), warm, warm]) {
      const count = (options: Parameters<typeof readStream>[2]) => counting(() => readStream(process, STREAM, options));
      expect(await count({})).toEqual(read);
      expect(await count({ at: { version: { us: 4 } } })).toEqual(read);
      expect(await count({ at: { time: start + 3 * MINUTE } })).toEqual(read);
      expect(await count({ at: { version: { us: 2 } } })).toEqual({ QueryCommand: 4 });
      expect(await count({ at: { time: start + MINUTE } })).toEqual({ QueryCommand: 4 });

      const atLeast = new Map([[STREAM, { us: 5 }]]);
      for (const options of [{}, { atLeast }])
        expect(await counting(() => readRow(process, 'latest', 'n', options))).toEqual({ BatchGetItemCommand: 2 });
      expect(await counting(() => readRows(process, 'latest'))).toEqual({ BatchGetItemCommand: 1, QueryCommand: 4 });
      expect(await counting(() => readRows(process, 'latest', { atLeast }))).toEqual({
        ...{ BatchGetItemCommand: 2, QueryCommand: 4 },
      });
    }
    expect(await readRow(warm, 'latest', 'n', { atLeast: new Map([[STREAM, { us: 5 }]]) })).toMatchObject({
      value: '4',
    });
  });
});

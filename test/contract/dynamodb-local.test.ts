import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, test } from 'vitest';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { dynamoDbLedger } from '../../adapters/dynamodb/ledger.ts';
import { dynamoDbPlacement } from '../../adapters/dynamodb/placement.ts';
import { dynamoDbSightings } from '../../adapters/dynamodb/sightings.ts';
import { dynamoDbSnapshotStore } from '../../adapters/dynamodb/snapshot-store.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import { handleMessages, subscribedEventSchema } from '../../core/index.ts';
import { entriesOf } from '../../core/wire/bus-event.ts';
import { fakeRuntime } from '../runtime.ts';
import { counted as contributed } from './a-view.ts';
import { aCommit, anIntent, aStream } from './commits.ts';
import { countRequests } from './count-requests.ts';
import { decisionScanContract } from './decision-scan.contract.ts';
import { decisionsContract } from './decisions.contract.ts';
import { aDecision, aTransactionId } from './decisions.ts';
import { describeWithDynamoDbLocal, LISTED } from './dynamodb-local.ts';
import { eventScanContract } from './event-scan.contract.ts';
import { eventStoreContract } from './event-store.contract.ts';
import { ledgerContract } from './ledger.contract.ts';
import { aPlacementRecord, placementContract } from './placement.contract.ts';
import { progressContract } from './progress.contract.ts';
import { sharedProgressContract } from './shared-progress.contract.ts';
import { sightingsContract } from './sightings.contract.ts';
import { aLargeSnapshot, aSnapshot, snapshotStoreContract } from './snapshot-store.contract.ts';
import { strongEventsContract } from './strong-events.contract.ts';
import { dynamoDbSharedTally, dynamoDbTally } from './tally.ts';
import { transactionContract } from './transaction.contract.ts';
import { viewStoreContract } from './view-store.contract.ts';

/** A slow machine must not cause a load without a snapshot here. */
const PATIENTLY_MS = 15_000;

describeWithDynamoDbLocal('DynamoDB Local', (local) => {
  let client: DynamoDBClient;
  let table: string;
  let transactions: string;
  beforeAll(async () => {
    client = local().client();
    table = await local().createTable();
    transactions = await local().createTable();
  });

  eventStoreContract(() => dynamoDbEventStore(client, table));
  strongEventsContract(() => ({
    here: dynamoDbEventStore(client, table),
    there: dynamoDbEventStore(local().client(), table),
  }));
  eventScanContract(async () => dynamoDbEventStore(client, await local().createTable()));
  transactionContract(() => dynamoDbEventStore(client, table));
  decisionsContract(() => dynamoDbDecisions(client, transactions, { strong: true }));
  decisionScanContract(async () => dynamoDbDecisions(client, await local().createTable(), { strong: true }));
  viewStoreContract(() => dynamoDbViewStore(client, table));
  ledgerContract(async () => dynamoDbLedger(client, await local().createTable([LISTED])));
  placementContract(async () => dynamoDbPlacement(client, await local().createTable()));
  sightingsContract(() => dynamoDbSightings(client, table));
  snapshotStoreContract(() => dynamoDbSnapshotStore(client, table, PATIENTLY_MS));
  progressContract(() => dynamoDbTally(client, table));
  sharedProgressContract(() => dynamoDbSharedTally(client, table));

  describe('requests', () => {
    let counted: DynamoDBClient;
    let requests: Map<string, number>;
    beforeAll(() => {
      counted = local().client();
      requests = countRequests(counted);
    });
    const counting = async (act: () => Promise<unknown>): Promise<Record<string, number>> => {
      requests.clear();
      await act();
      return Object.fromEntries(requests);
    };

    test('a put is one PutItem, even if the position is taken; a load is one Query', async () => {
      const store = dynamoDbEventStore(counted, table);
      const commit = aCommit({ stream: aStream() });
      expect(await counting(() => store.put(commit))).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => store.put({ ...commit, commitId: 'other' }))).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => store.load(commit.stream))).toEqual({ QueryCommand: 1 });
      expect(await counting(() => store.loadLog(commit.stream, commit.log, 0))).toEqual({ QueryCommand: 1 });
      expect(await counting(() => store.load(commit.stream, { eu: 1, us: 2 }))).toEqual({ QueryCommand: 3 });
    });

    test('an intent is made final by one UpdateItem, even if it is already final', async () => {
      const store = dynamoDbEventStore(counted, table);
      const intent = anIntent({ stream: aStream() });
      await store.put(intent);
      for (const _ of ['once', 'again'])
        expect(await counting(() => store.finalise(intent, 'committed'))).toEqual({ UpdateItemCommand: 1 });
    });

    test('a one-Region transaction is one request, even on a conflict; its outcome is one GetItem', async () => {
      const store = dynamoDbEventStore(counted, table);
      const transaction = aTransactionId();
      const write = { commits: [aCommit({ stream: aStream() })], free: [], decision: aDecision({ transaction }) };
      for (const _ of ['once', 'again'])
        expect(await counting(() => store.transact(write))).toEqual({ TransactWriteItemsCommand: 1 });
      expect(await counting(() => store.findDecision(transaction))).toEqual({ GetItemCommand: 1 });
      expect(await counting(() => store.putDecision(write.decision))).toEqual({ PutItemCommand: 1 });
    });

    test('putting a decision is one PutItem, even if there already is one; finding it is one GetItem, and finding all attempts one Query', async () => {
      const decisions = dynamoDbDecisions(counted, transactions, { strong: true });
      const decision = aDecision({ transaction: aTransactionId() });
      for (const _ of ['once', 'again'])
        expect(await counting(() => decisions.put(decision))).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => decisions.find(decision.transaction, 1))).toEqual({ GetItemCommand: 1 });
      expect(await counting(() => decisions.attempts(decision.transaction))).toEqual({ QueryCommand: 1 });
    });

    test('an event in order takes one GetItem, one transaction and a read of parked events; a handled event takes only the reads', async () => {
      const { progress } = dynamoDbTally(counted, table);
      const [entry] = entriesOf(aCommit({ stream: aStream() }));
      const body = JSON.stringify({ 'detail-type': entry?.detailType, detail: JSON.parse(entry?.detail ?? '') });
      const ports = { from: 'beginning', progress, runtime: fakeRuntime(), handle: () => [] } as const;
      const take = () => handleMessages(ports, [body]);
      expect(await counting(take)).toEqual({ GetItemCommand: 1, TransactWriteItemsCommand: 1, QueryCommand: 1 });
      expect(await counting(take)).toEqual({ GetItemCommand: 1, QueryCommand: 1 });
    });

    test('a parked event is kept for 14 days after it was last parked', async () => {
      const { progress } = dynamoDbTally(counted, table);
      const [entry] = entriesOf(aCommit({ stream: aStream(), position: 2 }));
      const event = subscribedEventSchema.parse({ ...JSON.parse(entry?.detail ?? ''), type: 'Noted' });
      const [first, again] = [Date.UTC(2001, 0, 1), Date.UTC(2001, 0, 14)];
      for (const now of [first, again])
        expect(await counting(() => progress.park(event, now, { look: now, latest: now }))).toEqual({
          UpdateItemCommand: 1,
        });
      const { Items = [] } = await local()
        .client()
        .send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': { S: `${event.stream}@${event.meta.log}` } },
          }),
        );
      const expires = Date.UTC(2001, 0, 28) / 1000;
      expect(Items).toMatchObject([{ since: { N: String(first) }, expires: { N: String(expires) } }]);
    });

    test('entries are one BatchGetItem per 100, a change is one transaction, a page one Query per shard', async () => {
      const store = dynamoDbViewStore(counted, table);
      const places = Array.from({ length: 150 }, (_, i) => ({ stream: `note/${i}`, shard: 0 }));
      expect(await counting(() => store.entries('counted', places))).toEqual({ BatchGetItemCommand: 2 });
      expect(await counting(() => store.entries('counted', []))).toEqual({});
      const deltas = [contributed('red', { n: 1 }, 1)];
      expect(await counting(() => store.apply('counted', [], deltas))).toEqual({ TransactWriteItemsCommand: 1 });
      for (const consistent of [false, true]) {
        expect(await counting(() => store.totals('counted', 4, { limit: 10, consistent }))).toEqual({
          QueryCommand: 4,
        });
        expect(await counting(() => store.total('counted', 4, 'red', consistent))).toEqual({ BatchGetItemCommand: 1 });
      }
    });

    test('a total that its last stream leaves takes a second transaction; a page takes at most four Queries per shard', async () => {
      const store = dynamoDbViewStore(counted, table);
      const total = (n: number) => contributed('red', { n }, n);
      await store.apply('joined', [], [total(1)]);
      expect(await counting(() => store.apply('joined', [], [total(-1)]))).toEqual({ TransactWriteItemsCommand: 2 });
      const entries = Array.from({ length: 100 }, (_, i) => ({ shard: 0, version: {}, revision: 1, totals: {}, i }));
      for (let page = 0; page < 33; page++)
        await store.apply(
          'rowless',
          entries.map(({ i, ...entry }) => ({ ...entry, stream: `note/${String(page * 100 + i).padStart(5, '0')}` })),
          [],
        );
      expect(await counting(() => store.rows('rowless', 1, { limit: 1 }))).toEqual({ QueryCommand: 4 });
    });

    test('reading the generations of any number of views is one BatchGetItem; changing those of one view is one PutItem', async () => {
      const store = dynamoDbViewStore(counted, table);
      const names = Array.from({ length: 20 }, (_, i) => `counted-${i}`);
      expect(await counting(() => store.generations(names))).toEqual({ BatchGetItemCommand: 1 });
      const next = {
        revision: 1,
        builds: 1,
        active: { codeVersion: 1, build: 1, kind: 'rows', shards: 4 },
        retired: [],
      } as const;
      expect(await counting(() => store.setGenerations('counted-0', next))).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => store.setGenerations('counted-0', next))).toEqual({ PutItemCommand: 1 });
    });

    test('reading a snapshot is one Query, plus one BatchGetItem if it is large; storing one writes its parts, reads once and deletes old snapshots', async () => {
      const store = dynamoDbSnapshotStore(counted, table, PATIENTLY_MS);
      const stream = aStream();
      const put = (latestStamp: string) => counting(() => store.put(aSnapshot({ stream, latestStamp })));
      expect(await counting(() => store.newest(stream, 1))).toEqual({ QueryCommand: 1 });
      expect(await put('018f000000000001')).toEqual({ PutItemCommand: 1, QueryCommand: 1 });
      expect(await put('018f000000000002')).toEqual({ PutItemCommand: 1, QueryCommand: 1 });
      expect(await put('018f000000000003')).toEqual({ PutItemCommand: 1, QueryCommand: 1, DeleteItemCommand: 1 });
      expect(await counting(() => store.newest(stream, 1))).toEqual({ QueryCommand: 1 });
      const drop = (latestStamp: string) => counting(() => store.drop(stream, 1, latestStamp));
      expect(await drop('018f000000000003')).toEqual({ QueryCommand: 1, DeleteItemCommand: 1 });
      const large = aLargeSnapshot(aStream());
      expect(await counting(() => store.put(large))).toEqual({ PutItemCommand: 4, QueryCommand: expect.any(Number) });
      expect(await counting(() => store.newest(large.stream, 1))).toEqual({ QueryCommand: 1, BatchGetItemCommand: 1 });
    });

    test('reading where home streams are written is one Query; a move is one PutItem, even if another one was first', async () => {
      const store = dynamoDbPlacement(counted, await local().createTable());
      for (const _ of ['first', 'late'])
        expect(await counting(() => store.put(aPlacementRecord()))).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => store.records())).toEqual({ QueryCommand: 1 });
    });

    test('a page of a scan is one Scan', async () => {
      const store = dynamoDbEventStore(counted, await local().createTable());
      expect(await counting(() => store.scan(0, 4, undefined, 100))).toEqual({ ScanCommand: 1 });
      const decisions = dynamoDbDecisions(counted, transactions, { strong: true });
      expect(await counting(() => decisions.scan(0, 4, undefined, 100))).toEqual({ ScanCommand: 1 });
    });
  });
});

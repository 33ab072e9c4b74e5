// `npm run bench:codec`: the cost of the document client for writing and reading items, compared with a hand-written codec.
import { deepStrictEqual } from 'node:assert/strict';
import { type AttributeValue, DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { PutCommand, QueryCommand as QueryDocumentsCommand } from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import Table from 'cli-table3';
import { fromImage, toImage } from '../adapters/dynamodb/commit-item.ts';
import { decisionKey, isDecisionItem, toDecisionItem } from '../adapters/dynamodb/decision-item.ts';
import { documentClient } from '../adapters/dynamodb/document-client.ts';
import { changeOf } from '../adapters/dynamodb/table-change.ts';
import { fromEntryItem, toEntryItem } from '../adapters/dynamodb/view-item.ts';
import type { Change, Commit, Decision, ViewEntry } from '../core/index.ts';
import { alternate, type Pair } from './alternate.ts';
import { fromEntryImage, toEntryImage } from './handwritten-entry.ts';
import { fromPlainCommit, fromPlainDecision, toPlainCommit, toPlainDecision } from './plain-items.ts';

function aCommit(events: number, noteLength: number): Commit {
  return {
    stream: 'flight/2001-01-01.LAX-BNA.17',
    log: 'us-east-1',
    position: 2,
    commitId: '0190f7b2-7d3e-7c1a-9c4e-2f3a4b5c6d7e',
    fingerprint: 'f'.repeat(43),
    events: Array.from({ length: events }, (_, delay) => ({
      type: 'Departed',
      schemaVersion: 1,
      data: { airport: 'LAX', delay, note: 'n'.repeat(noteLength) },
    })),
    context: { 'us-east-1': 1, 'us-east-2': 7, 'us-west-2': 3 },
    previous: 1,
    hlc: '018f000000000002',
    region: 'us-east-1',
    meta: { correlation: 'c'.repeat(36), causation: 'd'.repeat(36), traceparent: 't'.repeat(55) },
  };
}

const decision: Decision = {
  transaction: 'us-east-1:order-17',
  attempt: 1,
  state: 'committed',
  final: true,
  fingerprint: 'f'.repeat(43),
  participants: [
    { stream: 'seats/17', log: 'us-east-1', position: 3, version: { 'us-east-1': 3, 'us-west-2': 7 } },
    { stream: 'miles/ann', log: 'us-west-2', position: 12, version: { 'us-west-2': 12 } },
  ],
  remaining: 0,
  decidedAt: Date.UTC(2001, 0, 1),
  region: 'us-east-1',
};

const entry: ViewEntry = {
  stream: 'flight/2001-01-01.LAX-BNA.17',
  shard: 3,
  version: { 'us-east-1': 2, 'us-east-2': 7, 'us-west-2': 3 },
  revision: 9,
  totals: { LAX: { departures: 1, delay: 12 }, BNA: { arrivals: 1, delay: 3 } },
  row: { from: 'LAX', to: 'BNA', delay: 12, note: 'n'.repeat(200) },
};

/** A client that resolves every request to this body immediately, without a network: only the SDK's own work remains. */
function clientAnswering(body: string): DynamoDBClient {
  const handle = async () => ({
    response: {
      statusCode: 200,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: Buffer.from(body),
    },
  });
  return new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    requestHandler: { handle, metadata: {} },
  });
}

type Image = Record<string, AttributeValue>;
function plain(image: Image) {
  return unmarshall(image, { wrapNumbers: Number });
}

/** The change for a new item: a decision or a commit, distinguished as in table-change.ts. */
function plainChangeOf(image: Image): Change {
  return isDecisionItem(image)
    ? { decision: fromPlainDecision(plain(image)) }
    : { commit: fromPlainCommit(plain(image)) };
}

function pairsOf(size: string, commit: Commit): readonly Pair[] {
  const image: Image = toImage(commit);
  const answer = JSON.stringify({ Items: [image], Count: 1 });
  const [putting, reading] = [clientAnswering('{}'), clientAnswering(answer)];
  const puttingDocuments = documentClient(clientAnswering('{}'));
  const readingDocuments = documentClient(clientAnswering(answer));
  const put = { TableName: 'events', ConditionExpression: 'attribute_not_exists(pk)' };
  const query = { TableName: 'events', ConsistentRead: true, KeyConditionExpression: 'pk = :stream' };
  return [
    {
      what: `commit → image, ${size}`,
      byHand: () => toImage(commit),
      documentClient: () => marshall(toPlainCommit(commit)),
    },
    {
      what: `image → commit, ${size}`,
      byHand: () => fromImage(image),
      documentClient: () => fromPlainCommit(plain(image)),
    },
    {
      what: `stream record → change, ${size}`,
      byHand: () => changeOf({ eventName: 'INSERT', NewImage: image }, commit.region),
      documentClient: () => plainChangeOf(image),
    },
    {
      what: `PutItem without the network, ${size}`,
      byHand: async () => void (await putting.send(new PutItemCommand({ ...put, Item: toImage(commit) }))),
      documentClient: async () =>
        void (await puttingDocuments.send(new PutCommand({ ...put, Item: toPlainCommit(commit) }))),
    },
    {
      what: `Query without the network, ${size}`,
      byHand: async () => {
        const values = { ':stream': { S: commit.stream } };
        const { Items } = await reading.send(new QueryCommand({ ...query, ExpressionAttributeValues: values }));
        return Items?.map(fromImage);
      },
      documentClient: async () => {
        const values = { ':stream': commit.stream };
        const { Items } = await readingDocuments.send(
          new QueryDocumentsCommand({ ...query, ExpressionAttributeValues: values }),
        );
        return Items?.map(fromPlainCommit);
      },
    },
  ];
}

const decisionImage: Image = toDecisionItem(decisionKey(decision.transaction, decision.attempt), decision);
const entryImage: Image = toEntryImage('flights', entry);
const pairs: readonly Pair[] = [
  ...pairsOf('1 event', aCommit(1, 0)),
  ...pairsOf('3 events, 2 KB', aCommit(3, 500)),
  {
    what: 'decision → image',
    byHand: () => toDecisionItem(decisionKey(decision.transaction, decision.attempt), decision),
    documentClient: () => marshall(toPlainDecision(decision)),
  },
  {
    what: 'stream record → change, a decision',
    byHand: () => changeOf({ eventName: 'INSERT', NewImage: decisionImage }, decision.region),
    documentClient: () => plainChangeOf(decisionImage),
  },
  {
    what: 'entry of a view → image',
    byHand: () => toEntryImage('flights', entry),
    documentClient: () => marshall(toEntryItem('flights', entry)),
  },
  {
    what: 'image → entry of a view',
    byHand: () => fromEntryImage(entryImage),
    documentClient: () => fromEntryItem(plain(entryImage)),
  },
];

const table = new Table({
  head: ['', 'by hand µs', 'document client µs', 'slower %'],
  style: { head: [], border: [] },
});
for (const pair of pairs) {
  // Only implementations with the same result can be compared.
  deepStrictEqual(await pair.documentClient(), await pair.byHand());
  const { what, byHand, documentClient } = await alternate(pair);
  table.push([what, byHand.toFixed(1), documentClient.toFixed(1), ((documentClient / byHand - 1) * 100).toFixed(0)]);
}
process.stdout.write(`${table}\n`);

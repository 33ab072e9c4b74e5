import { gunzipSync } from 'node:zlib';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { addToSums } from '../../adapters/dynamodb/add-to-sums.ts';
import {
  arrivalImageSchema,
  arrivalIn,
  commitImageSchema,
  fromImage,
  toImage,
} from '../../adapters/dynamodb/commit-item.ts';
import {
  decisionImageSchema,
  decisionKey,
  fromDecisionItem,
  oneRegionKey,
  toDecisionItem,
} from '../../adapters/dynamodb/decision-item.ts';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { dynamoDbProgress, parkedSchema, placeSchema } from '../../adapters/dynamodb/progress.ts';
import { dynamoDbSightings, sightingItemSchema } from '../../adapters/dynamodb/sightings.ts';
import { dynamoDbSnapshotStore, headSchema, partSchema } from '../../adapters/dynamodb/snapshot-store.ts';
import { preparedImageSchema } from '../../adapters/dynamodb/table-change.ts';
import {
  entryItemSchema,
  fromEntryItem,
  fromGenerationsItem,
  fromRowItem,
  fromTotalItem,
  generationsItemSchema,
  ofAttribute,
  rowItemSchema,
  STREAMS,
  toEntryItem,
  toGenerationsItem,
  totalItemSchema,
} from '../../adapters/dynamodb/view-item.ts';
import { dynamoDbViewStore } from '../../adapters/dynamodb/view-store.ts';
import {
  type Contributors,
  type Decision,
  type Generations,
  type KnownCopy,
  maxShardSum,
  type Parked,
  type Place,
  type Snapshot,
  type Sums,
  type ViewEntry,
} from '../../core/index.ts';
import { subscribedEventSchema } from '../../core/wire/bus-event.ts';
import { generationsSchema } from '../../core/wire/generations.ts';
import { decodeSnapshot, encodeSnapshot, snapshotSchema } from '../../core/wire/snapshot.ts';
import { TALLY_PARTITION, tallyPartition } from '../../lambdas/subscription.ts';
import { aTable, type Item, itemSchema, TABLE } from './a-table.ts';
import { type Form, item, message } from './form.ts';
import { ledgerItems } from './ledger.ts';
import { placementItem } from './placement.ts';

/** A snapshot whose ids are an object, as in JSON. */
type PlainSnapshot = Omit<Snapshot, 'ids'> & { readonly ids: Readonly<Record<string, readonly KnownCopy[]>> };

/** A total of one shard, and what readers see of it. */
interface ATotal {
  readonly view: string;
  readonly key: string;
  readonly sums: Sums;
  readonly contributors?: Contributors | undefined;
  readonly shown: Sums | undefined;
}

const attributesSchema = z.custom<Parameters<typeof unmarshall>[0]>();

/** Every item of every table, in DynamoDB's wire format. */
export const items: Readonly<Record<string, Form>> = {
  'commit-item': item({
    read: fromImage,
    write: toImage,
    uses: [commitImageSchema, arrivalIn, arrivalImageSchema, preparedImageSchema],
  }),
  'decision-item': item({
    read: fromDecisionItem,
    write: async (decision: Decision) => {
      const { client, written } = aTable();
      await dynamoDbDecisions(client, TABLE, { strong: true }).put(decision);
      return only(written());
    },
    uses: [dynamoDbDecisions, decisionImageSchema, toDecisionItem, decisionKey],
  }),
  'one-region-decision-item': item({
    read: fromDecisionItem,
    write: async (decision: Decision) => {
      const { client, written } = aTable();
      await dynamoDbEventStore(client, TABLE).putDecision(decision);
      return only(written());
    },
    uses: [dynamoDbEventStore, decisionImageSchema, toDecisionItem, oneRegionKey],
  }),
  'view-entry-item': item({
    read: async (form) => {
      const { pk, sk } = keyOf(form);
      const [view = '', , shard] = pk.split('#');
      const store = dynamoDbViewStore(aTable([itemSchema.parse(form)]).client, TABLE);
      return { view, entry: only([...(await store.entries(view, [{ stream: sk, shard: Number(shard) }])).values()]) };
    },
    write: async ({ view, entry }: { readonly view: string; readonly entry: ViewEntry }) => {
      const { client, written } = aTable();
      await dynamoDbViewStore(client, TABLE).apply(view, [entry], []);
      return only(written());
    },
    uses: [dynamoDbViewStore, toEntryItem, fromEntryItem, entryItemSchema, fromRowItem, rowItemSchema],
  }),
  'view-total-item': item({
    read: async (form) => {
      const [view = ''] = keyOf(form).pk.split('#');
      const { key, item: total } = fromTotalItem(unmarshall(attributesSchema.parse(form)));
      const store = dynamoDbViewStore(aTable([itemSchema.parse(form)]).client, TABLE);
      const shown = (await store.totals(view, 1, { limit: 1 })).items.at(0)?.sums;
      return { view, key, ...total, shown };
    },
    write: async ({ view, key, sums, contributors }: ATotal) => {
      const { client, written } = aTable();
      await dynamoDbViewStore(client, TABLE).apply(
        view,
        [],
        [{ key, sums, shard: 0, limit: maxShardSum(1), ...(contributors && { contributors }) }],
      );
      return only(written());
    },
    uses: [dynamoDbViewStore, fromTotalItem, totalItemSchema, ofAttribute, STREAMS],
  }),
  'generations-item': item({
    read: async (form) => {
      const [view = ''] = keyOf(form).pk.split('#');
      const stored = await dynamoDbViewStore(aTable([itemSchema.parse(form)]).client, TABLE).generations([view]);
      return { view, generations: only([...stored.values()]) };
    },
    write: async ({ view, generations }: { readonly view: string; readonly generations: Generations }) => {
      const { client, written } = aTable();
      await dynamoDbViewStore(client, TABLE).setGenerations(view, generations);
      return only(written());
    },
    uses: [dynamoDbViewStore, toGenerationsItem, fromGenerationsItem, generationsItemSchema, generationsSchema],
  }),
  'sighting-item': item({
    read: async (form) => {
      const [region, hlc] = only([...(await dynamoDbSightings(aTable([itemSchema.parse(form)]).client, TABLE).all())]);
      return { region, hlc };
    },
    write: async ({ region, hlc }: { readonly region: string; readonly hlc: string }) => {
      const { client, written } = aTable();
      await dynamoDbSightings(client, TABLE).record(region, hlc);
      return only(written());
    },
    uses: [dynamoDbSightings, sightingItemSchema],
  }),
  'progress-last-item': item({
    read: async (form) => {
      const [stream = '', log = ''] = keyOf(form).pk.split('@');
      const place = await progressIn(aTable([itemSchema.parse(form)]).client).last(stream, log);
      return { stream, log, ...place };
    },
    write: async ({ stream, log, ...place }: Partial<Place> & { readonly stream: string; readonly log: string }) => {
      const { client, written } = aTable();
      await progressIn(client).advance(anEvent(stream, log, place), undefined, []);
      return only(written());
    },
    uses: [dynamoDbProgress, placeSchema],
  }),
  'progress-place-item': item({
    read: async (form) => {
      const [stream = '', log = ''] = keyOf(form).pk.split('@');
      const region = keyOf(form).sk.slice('last#'.length);
      const place = await progressIn(aTable([itemSchema.parse(form)]).client, region).last(stream, log);
      return { stream, log, region, ...place };
    },
    write: async ({
      stream,
      log,
      region,
      ...place
    }: Partial<Place> & Readonly<Record<'stream' | 'log' | 'region', string>>) => {
      const { client, written } = aTable();
      await progressIn(client, region).advance(anEvent(stream, log, place), undefined, []);
      return only(written());
    },
    uses: [dynamoDbProgress, placeSchema],
  }),
  'progress-parked-item': item({
    read: async (form) => {
      const [stream = '', log = ''] = keyOf(form).pk.split('@');
      const behind = { position: 0, index: 0, count: 1 };
      return only(await progressIn(aTable([itemSchema.parse(form)]).client).parked(stream, log, behind, 1));
    },
    write: async ({ event, since }: Parked) => {
      const { client, written } = aTable();
      await progressIn(client).park(event, since, { look: since + 360_000, latest: since });
      return only(written());
    },
    uses: [dynamoDbProgress, parkedSchema, subscribedEventSchema],
  }),
  'tally-item': item({
    write: async (sums: { readonly key: string; readonly sums: Sums }) => {
      const { client, written } = aTable();
      const progress = dynamoDbProgress(client, TABLE, addToSums(TABLE, TALLY_PARTITION));
      await progress.advance(anEvent('note/n', 'us-east-1', {}), undefined, [sums]);
      return only(written().filter((one) => !keyOf(one).pk.includes('@')));
    },
    uses: [addToSums],
  }),
  'tally-of-region-item': item({
    write: async ({ region, ...sums }: { readonly region: string; readonly key: string; readonly sums: Sums }) => {
      const { client, written } = aTable();
      const progress = dynamoDbProgress(client, TABLE, addToSums(TABLE, tallyPartition(region)), region);
      await progress.advance(anEvent('note/n', 'us-east-1', {}), undefined, [sums]);
      return only(written().filter((one) => !keyOf(one).pk.includes('@')));
    },
    uses: [addToSums, tallyPartition],
  }),
  'snapshot-items': item({
    read: async (form) => {
      const stored = z.array(itemSchema).parse(form);
      const { pk, sk } = keyOf(stored[0]);
      const store = dynamoDbSnapshotStore(aTable(stored).client, TABLE);
      return store.newest(pk, Number(/^head#(\d+)/.exec(sk)?.[1]));
    },
    write: async (snapshot: PlainSnapshot | Snapshot | undefined) => {
      const { client, written } = aTable();
      if (snapshot) await dynamoDbSnapshotStore(client, TABLE).put(withMap(snapshot));
      return written();
    },
    uses: [dynamoDbSnapshotStore, headSchema, partSchema],
    comparable: unpacked,
  }),
  ...ledgerItems,
  'placement-item': placementItem,
  snapshot: message({
    read: (form) => decodeSnapshot(JSON.stringify(form)),
    write: (snapshot: PlainSnapshot | Snapshot) => JSON.parse(encodeSnapshot(withMap(snapshot))),
    uses: [decodeSnapshot, encodeSnapshot, snapshotSchema],
  }),
};

function only<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined || values.length > 1)
    throw new Error(`There should be one value, but the number of values is ${values.length}.`);
  return value;
}

const keySchema = z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) });

function keyOf(form: unknown): { readonly pk: string; readonly sk: string } {
  const { pk, sk } = keySchema.parse(form);
  return { pk: pk.S, sk: sk.S };
}

function progressIn(client: Parameters<typeof dynamoDbProgress>[0], region?: string) {
  return dynamoDbProgress(client, TABLE, () => [], region);
}

/** An event of which only the position matters. */
function anEvent(stream: string, log: string, place: Partial<Place>): Parked['event'] {
  const { position = 1, index = 0, count = 1 } = place;
  return {
    id: `${stream}@${log}.${position}.${index}`,
    stream,
    type: 'Noted',
    schemaVersion: 1,
    meta: {
      ...{ region: log, log, position, index, count, previous: position - 1, context: {} },
      ...{ hlc: '0000000000000000', commitId: 'c', fingerprint: 'f' },
    },
  };
}

function withMap({ ids, ...snapshot }: PlainSnapshot | Snapshot): Snapshot {
  return { ...snapshot, ids: ids instanceof Map ? ids : new Map(Object.entries(ids)) };
}

const bytesSchema = z.object({ bytes: z.object({ B: z.base64() }), parts: z.object({ N: z.string() }).optional() });

/** The result of gzip depends on the machine, and so does the digest in the name. */
function unpacked(form: unknown): unknown {
  const stored = z.array(itemSchema).parse(form);
  const bytes = stored.map((one) => Buffer.from(bytesSchema.parse(one).bytes.B, 'base64'));
  return {
    items: stored.map((one): Item => {
      const { pk, sk } = keyOf(one);
      return { ...one, bytes: {}, sk: { S: sk.replace(/\.[\w-]+(?=#|$)/, '.<digest>') }, pk: { S: pk } };
    }),
    json: JSON.parse(String(gunzipSync(Buffer.concat(bytes)))),
  };
}

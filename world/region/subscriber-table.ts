import * as z from 'zod';
import { memoryProgress } from '../../adapters/memory/progress.ts';
import { type MemorySharedProgress, memorySharedProgress } from '../../adapters/memory/shared-progress.ts';
import { addSums } from '../../adapters/store-rules/sums.ts';
import { comparePlaces } from '../../core/delivery/log-order.ts';
import type { Addition, Place, Progress, Sums } from '../../core/index.ts';
import { TALLY_PARTITION, tallyPartition } from '../../lambdas/subscription.ts';
import type { Storage } from './storage.ts';

/** A subscriber's own table in a Region. */
export interface SubscriberTable {
  readonly progress: Progress<Addition>;
  /** The sums that the subscriber has added up, by key; in a replicated table those of all Regions, added. */
  readonly sums: ReadonlyMap<string, Sums>;
}

const keySchema = z.object({ S: z.string() });
const placeSchema = z.object({ position: z.int(), index: z.int(), count: z.int() });
const sumsSchema = z.record(z.string(), z.number());
const itemSchema = z.union([
  z.object({ pk: keySchema, sk: keySchema, place: placeSchema }),
  /** `revision` orders the states of a row; it is not in what earlier versions have saved. */
  z.object({ pk: keySchema, sk: keySchema, sums: sumsSchema, revision: z.int().default(0) }),
]);

/** An item of a subscriber's table: a place, or a row of sums. */
export type SubscriberItem = z.output<typeof itemSchema>;

interface Kept {
  readonly storage: Storage;
  /** The table's name in it. */
  readonly table: string;
}

/**
 * @param now milliseconds since 1970
 * @param kept the storage of the table's items; undefined: items are not kept
 */
export function subscriberTable(now: () => number, kept?: Kept): SubscriberTable {
  return ownTable({ now, kept, tally: TALLY_PARTITION, last: LAST, onWrite: () => undefined });
}

const LAST = 'last';

interface OwnTable {
  readonly now: () => number;
  readonly kept: Kept | undefined;
  /** The keys of its items: the partition of the sums, and the sort key of a place. */
  readonly tally: string;
  readonly last: string;
  /** Called with every item that is written. */
  readonly onWrite: (item: SubscriberItem) => void;
}

/** The items that this Region writes. */
function ownTable({ now, kept, tally, last, onWrite }: OwnTable): SubscriberTable {
  const sums = new Map<string, Sums>();
  const places = new Map<string, Place>();
  let revision = 0;
  for (const item of storedIn(kept))
    if ('place' in item && item.sk.S === last) places.set(item.pk.S, item.place);
    else if ('sums' in item && item.pk.S === tally) {
      sums.set(item.sk.S, item.sums);
      revision = Math.max(revision, item.revision);
    }
  const add = ({ key, sums: added }: Addition): void => {
    sums.set(key, addSums(sums.get(key) ?? {}, added));
  };
  const progress = memoryProgress(add, now, places);
  const write = (item: SubscriberItem): void => {
    kept?.storage.save(kept.table, item);
    onWrite(item);
  };
  return {
    sums,
    progress: {
      ...progress,
      advance: async (handled, before, effects) => {
        const advanced = await progress.advance(handled, before, effects);
        if (!advanced) return false;
        const { stream, meta } = handled;
        const { position, index, count } = meta;
        write(itemOf(`${stream}@${meta.log}`, last, { place: { position, index, count } }));
        revision++;
        for (const { key } of effects) write(itemOf(tally, key, { sums: sums.get(key) ?? {}, revision }));
        return true;
      },
    },
  };
}

/** A subscriber's table in a Region, as a replica: what other Regions write arrives. */
export interface ReplicatedSubscriberTable extends SubscriberTable {
  /** Takes over an item that another Region has written, as it was then. */
  replicate(item: SubscriberItem): void;
  /** What this Region has written. */
  items(): readonly SubscriberItem[];
}

export interface ReplicatedSubscriberTableOptions {
  readonly region: string;
  readonly now: () => number;
  readonly kept?: Kept | undefined;
  /** Called with every item that this Region writes. */
  readonly onWrite: (item: SubscriberItem) => void;
}

/** The table of a subscriber that one Region at a time runs. Each Region only writes items of its own. */
export function replicatedSubscriberTable(options: ReplicatedSubscriberTableOptions): ReplicatedSubscriberTable {
  const { region, now, kept, onWrite } = options;
  const keys = { tally: tallyPartition(region), last: `${LAST}#${region}` };
  const isOwn = ({ pk, sk }: SubscriberItem): boolean => pk.S === keys.tally || sk.S === keys.last;
  const items = new Map<string, SubscriberItem>();
  const put = (item: SubscriberItem): boolean => {
    const key = JSON.stringify([item.pk.S, item.sk.S]);
    const known = items.get(key);
    if (known && !isNewer(item, known)) return false;
    items.set(key, item);
    return true;
  };
  const own = ownTable({
    ...{ now, kept, ...keys },
    onWrite: (item) => {
      put(item);
      onWrite(item);
    },
  });
  const progress: MemorySharedProgress<Addition> = memorySharedProgress(own.progress);
  /** Returns false if a newer state is here. */
  const show = (item: SubscriberItem): boolean => {
    if (!put(item)) return false;
    if (!isOwn(item) && 'place' in item) {
      const at = item.pk.S.lastIndexOf('@');
      progress.replicate(item.pk.S.slice(0, at), item.pk.S.slice(at + 1), item.place);
    }
    return true;
  };
  for (const item of storedIn(kept)) show(item);
  return {
    progress,
    get sums() {
      const all = new Map<string, Sums>();
      for (const item of items.values())
        if ('sums' in item) all.set(item.sk.S, addSums(all.get(item.sk.S) ?? {}, item.sums));
      return all;
    },
    replicate: (item) => {
      if (!show(item)) return;
      kept?.storage.save(kept.table, item);
    },
    items: () => [...items.values()].filter(isOwn),
  };
}

/** States of an item may arrive in any order. */
function isNewer(item: SubscriberItem, known: SubscriberItem): boolean {
  return 'place' in item && 'place' in known
    ? comparePlaces(item.place, known.place) > 0
    : 'sums' in item && 'sums' in known && item.revision > known.revision;
}

function storedIn(kept: Kept | undefined): readonly SubscriberItem[] {
  return kept?.storage.load(kept.table).map((each) => itemSchema.parse(each)) ?? [];
}

function itemOf<T extends object>(pk: string, sk: string, members: T) {
  return { pk: { S: pk }, sk: { S: sk }, ...members };
}

import * as z from 'zod';
import { memoryProgress } from '../../adapters/memory/progress.ts';
import { addSums } from '../../adapters/store-rules/sums.ts';
import type { Addition, Place, Progress, Sums } from '../../core/index.ts';
import { TALLY_PARTITION } from '../../lambdas/subscription.ts';
import type { Storage } from './storage.ts';

/** A subscriber's own table in a Region. */
export interface SubscriberTable {
  readonly progress: Progress<Addition>;
  /** The sums that the subscriber has added up, by key. */
  readonly sums: ReadonlyMap<string, Sums>;
}

const keySchema = z.object({ S: z.string() });
const itemSchema = z.union([
  z.object({ pk: keySchema, place: z.object({ position: z.int(), index: z.int(), count: z.int() }) }),
  z.object({ sk: keySchema, sums: z.record(z.string(), z.number()) }),
]);

/**
 * @param now milliseconds since 1970
 * @param kept the storage of the table's items, and the table's name in it; undefined: items are not kept
 */
export function subscriberTable(
  now: () => number,
  kept?: { readonly storage: Storage; readonly table: string },
): SubscriberTable {
  const sums = new Map<string, Sums>();
  const places = new Map<string, Place>();
  for (const item of kept?.storage.load(kept.table).map((each) => itemSchema.parse(each)) ?? [])
    if ('place' in item) places.set(item.pk.S, item.place);
    else sums.set(item.sk.S, item.sums);
  const add = ({ key, sums: added }: Addition): void => {
    sums.set(key, addSums(sums.get(key) ?? {}, added));
  };
  const progress = memoryProgress(add, now, places);
  if (!kept) return { sums, progress };
  const { storage, table } = kept;
  return {
    sums,
    progress: {
      ...progress,
      advance: async (handled, before, effects) => {
        const advanced = await progress.advance(handled, before, effects);
        if (!advanced) return false;
        const { stream, meta } = handled;
        const { position, index, count } = meta;
        storage.save(table, itemOf(`${stream}@${meta.log}`, 'last', { place: { position, index, count } }));
        for (const { key } of effects) storage.save(table, itemOf(TALLY_PARTITION, key, { sums: sums.get(key) }));
        return true;
      },
    },
  };
}

function itemOf<T extends object>(pk: string, sk: string, members: T) {
  return { pk: { S: pk }, sk: { S: sk }, ...members };
}

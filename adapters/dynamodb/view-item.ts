import * as z from 'zod';
import { type Generations, generationsSchema, type Totals, type ViewEntry } from '../../core/index.ts';
import type { ShardTotal } from '../store-rules/sums.ts';
import { isRecordOf } from './attributes.ts';
import type { Key } from './batch-get.ts';

export type Item = Record<string, unknown>;
type Kind = 'row' | 'total';

export function partitionKey(view: string, kind: Kind, shard: number): string {
  return `${view}#${kind}#${shard}`;
}

export function keyOf(view: string, kind: Kind, shard: number, key: string): Key {
  return { pk: partitionKey(view, kind, shard), sk: key };
}

export function toEntryItem(view: string, entry: ViewEntry): Item {
  return {
    ...keyOf(view, 'row', entry.shard, entry.stream),
    // A version is passed as a Map, because the marshaller mistakes an object with a log named `constructor` for a
    // class instance.
    version: new Map(Object.entries(entry.version)),
    revision: entry.revision,
    // Rows and totals are JSON text, so that every number and every key is preserved exactly.
    totals: JSON.stringify(entry.totals),
    ...(entry.row !== undefined && { row: JSON.stringify(entry.row) }),
  };
}

const countSchema = z.int().nonnegative();
export const entryItemSchema = z.object({
  pk: z.string().regex(/#row#\d+$/),
  sk: z.string(),
  version: z.record(z.string(), countSchema),
  revision: countSchema,
  totals: z.string(),
  row: z.string().exactOptional(),
});

/** Checks the value without copying it: z.record would drop a key named `__proto__`. */
const totalsSchema = z.custom<Totals>(isRecordOf(isRecordOf(Number.isFinite)), 'Expected totals');

export function fromEntryItem(item: Item): ViewEntry {
  const { pk, sk, version, revision, totals, row } = entryItemSchema.parse(item);
  return {
    stream: sk,
    shard: Number(pk.slice(pk.lastIndexOf('#') + 1)),
    version,
    revision,
    totals: totalsSchema.parse(JSON.parse(totals)),
    ...(row !== undefined && { row: JSON.parse(row) }),
  };
}

export const rowItemSchema = z.object({ sk: z.string(), row: z.string().exactOptional() });

/** A row, as needed for a page of rows. */
export function fromRowItem(item: Item): { readonly key: string; readonly item: unknown } {
  const { sk, row } = rowItemSchema.parse(item);
  return { key: sk, item: row === undefined ? undefined : JSON.parse(row) };
}

/**
 * Each field is two attributes, because ADD works on attributes: its sum, and how many streams contribute to it. The
 * prefixes keep fields and other attributes apart.
 */
const SUM = 'sum.';
const OF = 'of.';
export function sumAttribute(field: string): string {
  return SUM + field;
}
export function ofAttribute(field: string): string {
  return OF + field;
}

/** How many streams contribute to a total; missing in totals of older code. */
export const STREAMS = 'streams';

export const totalItemSchema = z.looseObject({ sk: z.string(), [STREAMS]: z.number().optional() });
const sumSchema = z.number();

/** The total of one shard. */
export function fromTotalItem(item: Item): { readonly key: string; readonly item: ShardTotal } {
  const { sk, [STREAMS]: streams, ...attributes } = totalItemSchema.parse(item);
  const fieldsWith = (prefix: string) =>
    Object.fromEntries(
      Object.entries(attributes)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => [name.slice(prefix.length), sumSchema.parse(value)]),
    );
  const contributors = streams === undefined ? undefined : { streams, fields: fieldsWith(OF) };
  return { key: sk, item: { sums: fieldsWith(SUM), contributors } };
}

const keySchema = z.object({ pk: z.string(), sk: z.string() });

/** The key of an item. */
export function fromKeyItem(item: Item): Key {
  return keySchema.parse(item);
}

/**
 * The generations of each view have a partition of their own, because every batch of the projector and every read of
 * the view reads them.
 */
export function generationsKey(view: string): Key {
  return { pk: `${view}#generations`, sk: 'generations' };
}

export function toGenerationsItem(view: string, generations: Generations): Item {
  return {
    ...generationsKey(view),
    revision: generations.revision,
    generations: JSON.stringify(generations),
  };
}

export const generationsItemSchema = z.object({ pk: z.string(), generations: z.string() });

/** The generations of a view, with its name. */
export function fromGenerationsItem(item: Item): readonly [string, Generations] {
  const { pk, generations } = generationsItemSchema.parse(item);
  return [pk.slice(0, pk.indexOf('#')), generationsSchema.parse(JSON.parse(generations))];
}

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type Generations, generationsSchema, type Sums, type Totals, type ViewEntry } from '../../core/index.ts';
import { countSchema, countsSchema, fromCounts, fromJson, textSchema, toCounts } from './attributes.ts';
import type { Key } from './batch-get.ts';

export type Item = Record<string, AttributeValue>;
type Kind = 'row' | 'total';

export function partitionKey(view: string, kind: Kind, shard: number): string {
  return `${view}#${kind}#${shard}`;
}

export function keyOf(view: string, kind: Kind, shard: number, key: string): Key {
  return {
    pk: { S: partitionKey(view, kind, shard) },
    sk: { S: key },
  };
}

export function toEntryItem(view: string, entry: ViewEntry): Item {
  return {
    ...keyOf(view, 'row', entry.shard, entry.stream),
    version: toCounts(entry.version),
    revision: { N: String(entry.revision) },
    totals: { S: JSON.stringify(entry.totals) },
    ...(entry.row !== undefined && { row: { S: JSON.stringify(entry.row) } }),
  };
}

const entrySchema = z.object({
  pk: z.object({ S: z.string().regex(/#row#\d+$/) }),
  sk: textSchema,
  version: countsSchema,
  revision: countSchema,
  totals: textSchema,
  row: textSchema.exactOptional(),
});

function isRecordOf(isValue: (value: unknown) => boolean) {
  return (record: unknown): boolean =>
    typeof record === 'object' && record !== null && !Array.isArray(record) && Object.values(record).every(isValue);
}

/** Only a check: z.record makes a copy, and that drops a key named `__proto__`. */
const totalsSchema = z.custom<Totals>(isRecordOf(isRecordOf(Number.isFinite)), 'Expected totals');

export function fromEntryItem(item: Item): ViewEntry {
  const { pk, sk, version, revision, totals, row } = entrySchema.parse(item);
  return {
    stream: sk.S,
    shard: Number(pk.S.slice(pk.S.lastIndexOf('#') + 1)),
    version: fromCounts(version),
    revision: Number(revision.N),
    totals: totalsSchema.parse(fromJson(totals)),
    ...(row !== undefined && { row: fromJson(row) }),
  };
}

const rowSchema = z.object({ sk: textSchema, row: textSchema.exactOptional() });

/** A row, as far as a page of rows needs it. */
export function fromRowItem(item: Item): { readonly key: string; readonly item: unknown } {
  const { sk, row } = rowSchema.parse(item);
  return { key: sk.S, item: fromJson(row) };
}

/** One attribute a field, since ADD works on attributes; the prefix keeps them apart from the key. */
const PREFIX = 'sum.';
export function sumAttribute(field: string): string {
  return PREFIX + field;
}

/** A total of one shard. */
export function fromTotalItem(item: Item): { readonly key: string; readonly item: Sums } {
  const sums = Object.entries(item)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [name.slice(PREFIX.length), Number(value.N)] as const);
  return { key: textSchema.parse(item.sk).S, item: Object.fromEntries(sums) };
}

const keySchema = z.object({ pk: textSchema, sk: textSchema });

/** The key in an item. */
export function fromKeyItem(item: Item): Key {
  return keySchema.parse(item);
}

/** Each view's in a partition of its own, since every batch of the projector and every read of the view asks for it. */
export function generationsKey(view: string): Key {
  return { pk: { S: `${view}#generations` }, sk: { S: 'generations' } };
}

export function toGenerationsItem(view: string, generations: Generations): Item {
  return {
    ...generationsKey(view),
    revision: { N: String(generations.revision) },
    generations: { S: JSON.stringify(generations) },
  };
}

const generationsItemSchema = z.object({ pk: textSchema, generations: textSchema });

/** The generations of a view, behind its name. */
export function fromGenerationsItem(item: Item): readonly [string, Generations] {
  const { pk, generations } = generationsItemSchema.parse(item);
  return [pk.S.slice(0, pk.S.indexOf('#')), generationsSchema.parse(fromJson(generations))];
}

import * as z from 'zod';
import {
  countSchema,
  countsSchema,
  fromCounts,
  fromJson,
  textSchema,
  toCounts,
} from '../adapters/dynamodb/attributes.ts';
import { partitionKey } from '../adapters/dynamodb/view-item.ts';
import type { ViewEntry } from '../core/index.ts';

// The hand-written codec of a view's entry, in the style of the one for commits.

const entrySchema = z.object({
  pk: z.object({ S: z.string().regex(/#row#\d+$/) }),
  sk: textSchema,
  version: countsSchema,
  revision: countSchema,
  totals: textSchema,
  row: textSchema,
});
const totalsSchema = z.record(z.string(), z.record(z.string(), z.number()));

export function toEntryImage(view: string, entry: ViewEntry) {
  return {
    pk: { S: partitionKey(view, 'row', entry.shard) },
    sk: { S: entry.stream },
    version: toCounts(entry.version),
    revision: { N: String(entry.revision) },
    totals: { S: JSON.stringify(entry.totals) },
    row: { S: JSON.stringify(entry.row) },
  };
}

export function fromEntryImage(image: unknown): ViewEntry {
  const { pk, sk, version, revision, totals, row } = entrySchema.parse(image);
  return {
    stream: sk.S,
    shard: Number(pk.S.slice(pk.S.lastIndexOf('#') + 1)),
    version: fromCounts(version),
    revision: Number(revision.N),
    totals: totalsSchema.parse(fromJson(totals)),
    row: fromJson(row),
  };
}

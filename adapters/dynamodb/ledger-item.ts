import * as z from 'zod';
import { listedKeyOf } from '../../core/facts/ledger.ts';
import type { LedgerEntry, StreamLedger } from '../../core/index.ts';
import { LISTED_BUCKET, LISTED_KEY } from '../../core/names.ts';
import { decodeLedgerEntry, encodeLedgerEntry } from '../../core/wire/ledger.ts';
import { bucketOf, entryKeyOf, watchKeyOf } from '../store-rules/ledger-keys.ts';

type Item = Record<string, unknown>;

/** An entry is JSON text, so that every number and every name of a log is preserved exactly. */
export function toEntryItem(entry: LedgerEntry): Item {
  const bucket = bucketOf(entry);
  return {
    pk: entry.stream,
    sk: entryKeyOf(entry),
    revision: entry.revision,
    entry: encodeLedgerEntry(entry),
    ...(bucket !== undefined && { [LISTED_BUCKET]: bucket, [LISTED_KEY]: listedKeyOf(entry) }),
  };
}

export function toWatchItem(stream: string, region: string, token: string): Item {
  return { pk: stream, sk: watchKeyOf(region), token };
}

export const entryItemSchema = z.object({ entry: z.string() });
export const watchItemSchema = z.object({ sk: z.string().startsWith('watch#'), token: z.string() });

export function fromEntryItem(item: unknown): LedgerEntry {
  return decodeLedgerEntry(entryItemSchema.parse(item).entry);
}

/** What the items of a stream say. */
export function fromStreamItems(items: readonly unknown[]): StreamLedger {
  const watches = items.flatMap((item) => watchItemSchema.safeParse(item).data ?? []);
  return {
    entries: items.filter((item) => entryItemSchema.safeParse(item).success).map(fromEntryItem),
    watches: Object.fromEntries(watches.map(({ sk, token }) => [sk.slice('watch#'.length), token])),
  };
}

import * as z from 'zod';
import { isObject } from '../../core/facts/json.ts';
import { listedKeyOf } from '../../core/facts/ledger.ts';
import type { LedgerEntry, StreamLedger } from '../../core/index.ts';
import { LISTED_BUCKET, LISTED_KEY } from '../../core/names.ts';
import { decodeLedgerEntry, encodeLedgerEntry } from '../../core/wire/ledger.ts';
import { bucketOf, entryKeyOf, watchKeyOf } from '../store-rules/ledger-keys.ts';
import { faultsIn, type Text, textSchema, unexpectedItem } from './attributes.ts';

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

/** The image of an entry in the table's stream, as far as it is read. */
export type EntryImage = { readonly pk: Text; readonly sk: Text; readonly entry: Text };

export function toEntryImage(entry: LedgerEntry): EntryImage {
  return { pk: { S: entry.stream }, sk: { S: entryKeyOf(entry) }, entry: { S: encodeLedgerEntry(entry) } };
}

export const entryImageSchema = z.object({ entry: textSchema });

/** The text of the entry in an image in the stream of a table; undefined if it is not the image of an entry. */
export function entryTextIn(image: unknown): string | undefined {
  // Most images are those of commits, and a schema that fails collects its faults.
  return isObject(image) && 'entry' in image ? entryImageSchema.safeParse(image).data?.entry.S : undefined;
}

/**
 * The entry with this text in an image.
 * @throws MeridianError `internal`: it is not one; the message names the faults
 */
export function fromEntryImage(image: unknown, text: string): LedgerEntry {
  try {
    return decodeLedgerEntry(text);
  } catch (error) {
    throw unexpectedItem(
      'an entry of the ledger',
      image,
      error instanceof z.ZodError ? faultsIn(error) : `entry: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** True if an image says that a Region watches a stream. */
export function isWatchImage(image: unknown): boolean {
  return isObject(image) && 'token' in image && !('commitId' in image);
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

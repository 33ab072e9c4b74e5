import type { TotalDelta, ViewEntry } from '../../core/index.ts';
import {
  MAX_ITEM_BYTES,
  MAX_SORT_KEY_BYTES,
  MAX_TRANSACT_WRITE_BYTES,
  MAX_TRANSACTION_ITEMS,
} from '../../core/limits/aws.ts';
import { isKey } from './keys.ts';

/**
 * What no DynamoDB transaction could hold is refused before it is sent, by every adapter alike: sent, some of it would look
 * like a lost race, which is tried again for ever. Keys, versions and names of attributes come on top of what is counted here, and
 * are small: an item that only they make too large is refused by DynamoDB, in its own words.
 * @throws Error
 */
export function checkChange(entries: readonly ViewEntry[], deltas: readonly TotalDelta[]): void {
  const items = entries.length + deltas.length;
  if (items > MAX_TRANSACTION_ITEMS)
    throw new Error(`A change of a view has ${MAX_TRANSACTION_ITEMS} entries and totals at most, not ${items}.`);
  for (const { key, sums } of deltas) {
    if (!isKey(key)) throw new Error(`A total's key has 1 to ${MAX_SORT_KEY_BYTES} bytes: "${key}" does not.`);
    if (!Object.values(sums).every(Number.isSafeInteger)) throw new Error(`The sums of ${key} have to be integers.`);
  }
  let bytes = bytesOf(deltas);
  for (const { stream, row, totals } of entries) {
    const size = bytesOf(row) + bytesOf(totals);
    if (size > MAX_ITEM_BYTES)
      throw new Error(`The entry of ${stream} has ${size} bytes, an item ${MAX_ITEM_BYTES} at most.`);
    bytes += size;
  }
  if (bytes > MAX_TRANSACT_WRITE_BYTES)
    throw new Error(`A change of a view has ${MAX_TRANSACT_WRITE_BYTES} bytes at most, not ${bytes}.`);
  const streams = new Set(entries.map(({ stream, shard }) => `${shard}#${stream}`));
  const keys = new Set(deltas.map(({ key, shard }) => `${shard}#${key}`));
  if (streams.size + keys.size < items) throw new Error('A change of a view names every entry and every total once.');
}

function bytesOf(json: unknown): number {
  return Buffer.byteLength(JSON.stringify(json) ?? '');
}

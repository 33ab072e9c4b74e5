import { jsonBytes } from '../../core/facts/json.ts';
import { isKey, type TotalDelta, type ViewEntry } from '../../core/index.ts';
import {
  MAX_ITEM_BYTES,
  MAX_SORT_KEY_BYTES,
  MAX_TRANSACT_WRITE_BYTES,
  MAX_TRANSACTION_ITEMS,
} from '../../core/limits/aws.ts';
import { MAX_CHANGED_FIELDS } from '../../core/limits/budgets.ts';

/**
 * Refuses a change that exceeds the limits of a DynamoDB transaction, in every adapter and before it is sent: otherwise
 * some violations would look like a lost race, and be retried forever. Keys, versions and attribute names are small and
 * not counted here; if they alone make an item too large, DynamoDB rejects it.
 * @throws Error
 */
export function checkChange(entries: readonly ViewEntry[], deltas: readonly TotalDelta[]): void {
  const items = entries.length + deltas.length;
  if (items > MAX_TRANSACTION_ITEMS)
    throw new Error(
      `A change of a view has at most ${MAX_TRANSACTION_ITEMS} entries and totals; this one has ${items}.`,
    );
  for (const { key, sums, contributors } of deltas) {
    if (!isKey(key))
      throw new Error(
        `A total's key must have 1 to ${MAX_SORT_KEY_BYTES} bytes that every reader gets unchanged; ${JSON.stringify(key)} has not.`,
      );
    const changed = Object.values(sums);
    if (!changed.every(Number.isSafeInteger)) throw new Error(`The sums of ${key} must be integers.`);
    const fields = new Set([...Object.keys(sums), ...Object.keys(contributors?.fields ?? {})]).size;
    if (fields > MAX_CHANGED_FIELDS)
      throw new Error(
        `A change of a view has at most ${MAX_CHANGED_FIELDS} fields of a total; this one has ${fields} of ${key}. Use several keys, and rebuild the view.`,
      );
  }
  let bytes = jsonBytes(deltas);
  for (const { stream, row, totals } of entries) {
    const size = jsonBytes(row) + jsonBytes(totals);
    if (size > MAX_ITEM_BYTES)
      throw new Error(`The entry of ${stream} has ${size} bytes; an item holds at most ${MAX_ITEM_BYTES}.`);
    bytes += size;
  }
  if (bytes > MAX_TRANSACT_WRITE_BYTES)
    throw new Error(`A change of a view has at most ${MAX_TRANSACT_WRITE_BYTES} bytes; this one has ${bytes}.`);
  const streams = new Set(entries.map(({ stream, shard }) => `${shard}#${stream}`));
  const keys = new Set(deltas.map(({ key, shard }) => `${shard}#${key}`));
  if (streams.size + keys.size < items)
    throw new Error('A change of a view may name every entry and every total only once.');
}

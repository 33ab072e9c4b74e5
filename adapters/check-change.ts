import { MAX_TRANSACTION_ITEMS, type TotalDelta, type ViewEntry } from '../core/index.ts';

/** DynamoDB's limit of a sort key. */
const MAX_KEY_BYTES = 1024;

/**
 * What no DynamoDB transaction could hold is refused before it is sent, by every adapter alike: sent, some of it would look
 * like a lost race, which is tried again for ever.
 * @throws Error
 */
export const checkChange = (entries: readonly ViewEntry[], deltas: readonly TotalDelta[]): void => {
  const items = entries.length + deltas.length;
  if (items > MAX_TRANSACTION_ITEMS)
    throw new Error(`A change of a view has ${MAX_TRANSACTION_ITEMS} entries and totals at most, not ${items}.`);
  for (const { key, sums } of deltas) {
    if (key === '' || Buffer.byteLength(key) > MAX_KEY_BYTES)
      throw new Error(`A total's key has 1 to ${MAX_KEY_BYTES} bytes: "${key}" does not.`);
    if (!Object.values(sums).every(Number.isSafeInteger)) throw new Error(`The sums of ${key} have to be integers.`);
  }
  const streams = new Set(entries.map(({ stream, shard }) => `${shard}#${stream}`));
  const keys = new Set(deltas.map(({ key, shard }) => `${shard}#${key}`));
  if (streams.size + keys.size < items) throw new Error('A change of a view names every entry and every total once.');
};

import type { Row, Sums, TotalDelta, ViewEntry } from '../facts/view-entry.ts';

/**
 * The entries and totals in the `views` table of this Region, stored under the names of generations. Reads of entries
 * are strongly consistent.
 */
export interface ViewStore {
  /**
   * Deletes about `limit` entries and totals stored under a name.
   * @returns true if none is left
   */
  remove(view: string, shards: number, limit: number): Promise<boolean>;
  /** The entries of these streams, by stream; streams without one are missing. */
  entries(
    view: string,
    places: readonly { readonly stream: string; readonly shard: number }[],
  ): Promise<ReadonlyMap<string, ViewEntry>>;
  /**
   * Replaces entries and adds to totals, atomically; each entry only if the stored revision is the previous one. At
   * most `MAX_TRANSACTION_ITEMS` entries and deltas.
   * @returns true if applied; false if an entry has another revision or another transaction conflicted
   */
  apply(view: string, entries: readonly ViewEntry[], deltas: readonly TotalDelta[]): Promise<boolean>;
  /** Rows of streams (key: the stream's name) in key order, after `after`. */
  rows(view: string, shards: number, after: string | undefined, limit: number): Promise<readonly Row[]>;
  /** The totals under a key, summed over the shards, in key order, after `after`. */
  totals(
    view: string,
    shards: number,
    after: string | undefined,
    limit: number,
  ): Promise<readonly { readonly key: string; readonly sums: Sums }[]>;
  /** One key's totals, summed over the shards; undefined if there are none. */
  total(view: string, shards: number, key: string): Promise<Sums | undefined>;
}

import type { Row, Sums, TotalDelta, ViewEntry } from '../facts/view-entry.ts';

/**
 * The entries and totals in the `views` table of this Region, under the names of generations. Reads of entries are strongly
 * consistent.
 */
export interface ViewStore {
  /**
   * Takes away entries and totals under a name, about `limit` of them.
   * @returns whether none is left
   */
  remove(view: string, shards: number, limit: number): Promise<boolean>;
  /** The entries of these streams, by stream; streams without one are missing. */
  entries(
    view: string,
    places: readonly { readonly stream: string; readonly shard: number }[],
  ): Promise<ReadonlyMap<string, ViewEntry>>;
  /**
   * Replaces entries and adds to totals, all or nothing, each entry only if the stored one is at the revision before.
   * At most `MAX_TRANSACTION_ITEMS` entries and deltas.
   * @returns true when applied; false when an entry has another revision or another transaction was in the way
   */
  apply(view: string, entries: readonly ViewEntry[], deltas: readonly TotalDelta[]): Promise<boolean>;
  /** Rows of streams (key: the stream's name) in the order of their keys, behind `after`. */
  rows(view: string, shards: number, after: string | undefined, limit: number): Promise<readonly Row[]>;
  /** The totals under a key, summed over the shards, in the order of their keys, behind `after`. */
  totals(
    view: string,
    shards: number,
    after: string | undefined,
    limit: number,
  ): Promise<readonly { readonly key: string; readonly sums: Sums }[]>;
  /** One key's totals, summed over the shards; undefined when there are none. */
  total(view: string, shards: number, key: string): Promise<Sums | undefined>;
}

import type { Page, PageRequest, Row, Sums, TotalDelta, ViewEntry } from '../facts/view-entry.ts';

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
   * Replaces entries and adds to totals, atomically; each entry only if the stored revision is the previous one. A
   * total whose last contributing stream leaves is deleted. At most `MAX_TRANSACTION_ITEMS` entries and deltas.
   * @returns true if applied; false if an entry has another revision or another transaction conflicted
   * @throws MeridianError `internal`: more streams leave a total than it counts, or a sum would go beyond its limit
   */
  apply(view: string, entries: readonly ViewEntry[], deltas: readonly TotalDelta[]): Promise<boolean>;
  /**
   * Rows of streams (key: the stream's name) in key order. At most `PAGE_ROUNDS` queries of each shard: among many
   * streams without a row, a page ends early.
   */
  rows(view: string, shards: number, page: PageRequest): Promise<Page<Row>>;
  /** All entries in the order of their streams, also those without a row. Queries as for `rows`. */
  listed(
    view: string,
    shards: number,
    page: PageRequest,
  ): Promise<Page<{ readonly key: string; readonly entry: ViewEntry }>>;
  /** The totals under a key, summed over the shards, in key order. Queries as for `rows`. */
  totals(view: string, shards: number, page: PageRequest): Promise<Page<{ readonly key: string; readonly sums: Sums }>>;
  /**
   * One key's totals, summed over the shards; undefined if no stream contributes.
   * @param consistent whether they include everything that was written before. @default false
   */
  total(view: string, shards: number, key: string, consistent?: boolean): Promise<Sums | undefined>;
}

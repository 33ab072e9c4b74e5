import type { Generations } from '../facts/generation.ts';
import type { Row, Sums, TotalDelta, ViewEntry } from '../facts/view-entry.ts';

/** An item count that one transaction of the store takes. */
export const MAX_TRANSACTION_ITEMS = 100;

/**
 * The `views` table: per Region, never replicated. All reads of entries and generations are strongly consistent. Rows and
 * totals are those under the name of a generation.
 */
export interface ViewStore {
  /** The generations of these views, by view; views of which nothing is stored are missing. */
  generations(views: readonly string[]): Promise<ReadonlyMap<string, Generations>>;
  /**
   * Replaces the generations of a view, if the stored ones are at the revision before.
   * @returns whether they were
   */
  setGenerations(view: string, next: Generations): Promise<boolean>;
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

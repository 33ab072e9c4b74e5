import type { Page, PageRequest } from '../../core/index.ts';
import { MAX_PAGE, PAGE_ROUNDS } from '../../core/limits/budgets.ts';
import { keyOrder } from './key-order.ts';

/** The next items of one shard, in key order. `end` is the last key read; undefined if no items follow. */
export interface ShardPage<Item> {
  readonly items: readonly { readonly key: string; readonly item: Item }[];
  readonly end: string | undefined;
}

/** The source of a page. */
export interface ShardsReader<Item, Row> {
  readonly shards: number;
  /** Reads about `limit` items of a shard after `after`. */
  readonly readShard: (shard: number, after: string | undefined, limit: number) => Promise<ShardPage<Item>>;
  /** Combines the items with the same key into a row; undefined omits the key. */
  readonly combine: (key: string, items: readonly Item[]) => Row | undefined;
}

/**
 * Reads a page over all shards, in key order, with at most {@link PAGE_ROUNDS} queries of each
 * shard. If that is not enough, because many keys are omitted or items are large, the page ends early: it has fewer than
 * `limit` rows, and an `end`.
 */
export async function readShards<Item, Row extends { readonly key: string }>(
  { shards, readShard, combine }: ShardsReader<Item, Row>,
  { after, limit }: Pick<PageRequest, 'after' | 'limit'>,
): Promise<Page<Row>> {
  const rows: Row[] = [];
  let end = after;
  for (let round = 1; round <= PAGE_ROUNDS && rows.length <= limit; round++) {
    const from = end;
    // One row more than requested shows whether any follow. Where the first ones are omitted, the next are probably too.
    const count = round === 1 ? limit + 1 : MAX_PAGE;
    const pages = await Promise.all(Array.from({ length: shards }, (_, shard) => readShard(shard, from, count)));
    // All shards have been read up to this key; items after it are read again in the next round.
    const horizon = pages
      .flatMap((page) => (page.end === undefined ? [] : [page.end]))
      .sort(keyOrder)
      .at(0);
    const found = pages
      .flatMap(({ items }) => items)
      .filter(({ key }) => horizon === undefined || keyOrder(key, horizon) <= 0);
    const byKey = Map.groupBy(found, ({ key }) => key);
    for (const key of [...byKey.keys()].sort(keyOrder)) {
      const row = combine(key, byKey.get(key)?.map(({ item }) => item) ?? []);
      if (row !== undefined) rows.push(row);
    }
    end = horizon;
    if (horizon === undefined) break;
  }
  const items = rows.slice(0, limit);
  return { items, end: rows.length > limit ? items.at(-1)?.key : end };
}

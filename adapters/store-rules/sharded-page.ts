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
 * Reads the next page after `after` over all shards, in key order. Only the last page may have fewer than `limit` rows.
 */
export async function readShards<Item, Row>(
  { shards, readShard, combine }: ShardsReader<Item, Row>,
  after: string | undefined,
  limit: number,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let cursor = after;
  do {
    const from = cursor;
    const pages = await Promise.all(Array.from({ length: shards }, (_, shard) => readShard(shard, from, limit)));
    // All shards have been read up to this key; items after it are read again in the next round.
    cursor = pages
      .flatMap(({ end }) => (end === undefined ? [] : [end]))
      .sort(keyOrder)
      .at(0);
    const horizon = cursor;
    const found = pages
      .flatMap(({ items }) => items)
      .filter(({ key }) => horizon === undefined || keyOrder(key, horizon) <= 0);
    const byKey = Map.groupBy(found, ({ key }) => key);
    for (const key of [...byKey.keys()].sort(keyOrder)) {
      const row = combine(key, byKey.get(key)?.map(({ item }) => item) ?? []);
      if (row !== undefined) rows.push(row);
    }
  } while (cursor !== undefined && rows.length < limit);
  return rows.slice(0, limit);
}

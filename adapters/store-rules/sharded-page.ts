import { keyOrder } from './key-order.ts';

/** The next items of one shard, in the order of their keys. `end`: the last key looked at, undefined when none follow. */
export interface ShardPage<Item> {
  readonly items: readonly { readonly key: string; readonly item: Item }[];
  readonly end: string | undefined;
}

/** What a page is made of. */
export interface ShardsReader<Item, Row> {
  readonly shards: number;
  /** Reads a shard behind `after`, about `limit` items. */
  readonly readShard: (shard: number, after: string | undefined, limit: number) => Promise<ShardPage<Item>>;
  /** Makes one row of the items that share a key; undefined: the key is left out. */
  readonly combine: (key: string, items: readonly Item[]) => Row | undefined;
}

/** One page over all shards behind `after`, in the order of keys: full, unless there is no more. */
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
    // Up to here every shard has been looked at; what one of them has beyond is read again in the next round.
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

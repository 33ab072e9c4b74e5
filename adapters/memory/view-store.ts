import { type Generations, hasEffect, type TotalDelta, type ViewEntry, type ViewsTable } from '../../core/index.ts';
import { checkChange } from '../store-rules/check-change.ts';
import { keyOrder } from '../store-rules/key-order.ts';
import { readShards, type ShardPage } from '../store-rules/sharded-page.ts';
import { addSums, checkSums, isLast, type ShardTotal, sumOf } from '../store-rules/sums.ts';
import { firstIndexBehind } from './binary-search.ts';
import { frozenCopy } from './frozen.ts';

export interface CopyableViewStore extends ViewsTable {
  /** The table as it is now: later changes do not affect the copy. */
  copy(): ViewsTable;
}

/** The `views` table of one Region, in memory. Returned entries are deeply frozen. */
export function memoryViewStore(): ViewsTable {
  return copyableViewStore();
}

export function copyableViewStore(): CopyableViewStore {
  return viewStoreOf(new Partitions<ViewEntry>(), new Partitions<ShardTotal>(), new Map());
}

function viewStoreOf(
  entries: Partitions<ViewEntry>,
  totals: Partitions<ShardTotal>,
  generations: Map<string, Generations>,
): CopyableViewStore {
  const entriesBy = <Row extends { readonly key: string }>(
    show: (key: string, entry: ViewEntry | undefined) => Row | undefined,
    ...[view, shards, page]: Parameters<ViewsTable['rows']>
  ) => {
    const readShard = async (shard: number, from: string | undefined, count: number) =>
      entries.page(view, shard, from, count);
    return readShards({ shards, readShard, combine: (key, [entry]) => show(key, entry) }, page);
  };
  return {
    copy: () => viewStoreOf(entries.copy(), totals.copy(), new Map(generations)),
    generations: async (views) => new Map([...generations].filter(([view]) => views.includes(view))),
    setGenerations: async (view, next) => {
      if ((generations.get(view)?.revision ?? 0) !== next.revision - 1) return false;
      generations.set(view, frozenCopy(next));
      return true;
    },
    remove: async (view, shards, limit) => {
      let room = limit;
      for (let shard = 0; shard < shards; shard++)
        for (const items of [entries, totals]) room -= items.remove(view, shard, room);
      return room > 0;
    },
    entries: async (view, places) => {
      const found = new Map<string, ViewEntry>();
      for (const { stream, shard } of places) {
        const entry = entries.get(view, shard, stream);
        if (entry) found.set(stream, entry);
      }
      return found;
    },
    apply: async (view, changed, deltas) => {
      checkChange(changed, deltas);
      const stale = ({ stream, shard, revision }: ViewEntry): boolean =>
        (entries.get(view, shard, stream)?.revision ?? 0) !== revision - 1;
      if (changed.some(stale)) return false;
      const next = deltas.filter(hasEffect).map((delta) => {
        const { key, shard } = delta;
        return { key, shard, total: changedTotal(view, totals.get(view, shard, key), delta) };
      });
      for (const entry of changed) entries.set(view, entry.shard, entry.stream, frozenCopy(entry));
      for (const { key, shard, total } of next)
        if (total) totals.set(view, shard, key, total);
        else totals.delete(view, shard, key);
      return true;
    },
    rows: (...asked) =>
      entriesBy((key, entry) => (entry?.row === undefined ? undefined : { key, value: entry.row }), ...asked),
    listed: (...asked) => entriesBy((key, entry) => entry && { key, entry }, ...asked),
    totals: (view, shards, page) =>
      readShards(
        {
          shards,
          readShard: async (shard, from, count) => totals.page(view, shard, from, count),
          combine: (key, parts: readonly ShardTotal[]) => {
            const sums = sumOf(parts);
            return sums && { key, sums };
          },
        },
        page,
      ),
    total: async (view, shards, key) => {
      return sumOf(Array.from({ length: shards }, (_, shard) => totals.get(view, shard, key) ?? []).flat());
    },
  };
}

/** A total after a change; undefined if it is deleted. @throws MeridianError `internal` */
function changedTotal(view: string, before: ShardTotal | undefined, delta: TotalDelta): ShardTotal | undefined {
  const { streams = 0, fields = {} } = before?.contributors ?? {};
  if (isLast(view, delta, streams)) return undefined;
  checkSums(view, delta, before?.sums ?? {});
  const { sums, contributors: added } = delta;
  const contributors = (before?.contributors || added) && {
    streams: streams + (added?.streams ?? 0),
    fields: added && Object.keys(added.fields).length > 0 ? addSums(fields, added.fields) : fields,
  };
  return Object.freeze({ sums: addSums(before?.sums ?? {}, sums), contributors });
}

/** Items by view and shard, then by key. Keys are sorted only when they are read in order. */
class Partitions<Item> {
  readonly #partitions = new Map<string, { readonly items: Map<string, Item>; keys: string[] | undefined }>();

  copy(): Partitions<Item> {
    const copy = new Partitions<Item>();
    for (const [id, { items, keys }] of this.#partitions) copy.#partitions.set(id, { items: new Map(items), keys });
    return copy;
  }

  get(view: string, shard: number, key: string): Item | undefined {
    return this.#partitions.get(`${view}#${shard}`)?.items.get(key);
  }

  set(view: string, shard: number, key: string, item: Item): void {
    const id = `${view}#${shard}`;
    const partition = this.#partitions.get(id) ?? { items: new Map<string, Item>(), keys: undefined };
    if (!partition.items.has(key)) partition.keys = undefined;
    partition.items.set(key, item);
    this.#partitions.set(id, partition);
  }

  delete(view: string, shard: number, key: string): void {
    const partition = this.#partitions.get(`${view}#${shard}`);
    if (partition?.items.delete(key)) partition.keys = undefined;
  }

  /** Deletes up to `limit` items. @returns the number of deleted items */
  remove(view: string, shard: number, limit: number): number {
    const items = this.#partitions.get(`${view}#${shard}`)?.items ?? new Map<string, Item>();
    const gone = [...items.keys()].slice(0, limit);
    for (const key of gone) this.delete(view, shard, key);
    if (items.size === 0) this.#partitions.delete(`${view}#${shard}`);
    return gone.length;
  }

  page(view: string, shard: number, after: string | undefined, limit: number): ShardPage<Item> {
    const partition = this.#partitions.get(`${view}#${shard}`);
    if (!partition) return { items: [], end: undefined };
    const { items } = partition;
    partition.keys ??= [...items.keys()].sort(keyOrder);
    const { keys } = partition;
    const start = after === undefined ? 0 : firstIndexBehind(keys, after);
    const page = keys.slice(start, start + limit);
    return {
      items: page.flatMap((key) => {
        const item = items.get(key);
        return item === undefined ? [] : [{ key, item }];
      }),
      end: start + limit < keys.length ? page.at(-1) : undefined,
    };
  }
}

import { listedTime } from '../../core/facts/ledger.ts';
import { type LedgerEntry, type LedgerPage, type LedgerPageRequest, shardOf } from '../../core/index.ts';
import { LEDGER_SHARDS } from '../../core/limits/budgets.ts';
import { readShards, type ShardPage } from './sharded-page.ts';

/** The lists of entries, each in shards: those of open conflicts, and the others. */
export type LedgerList = 'open' | 'closed';

/** The list of an entry, and its shard; undefined if it is not listed, because it is superseded. */
export function bucketOf({ status, stream }: LedgerEntry): string | undefined {
  if (status === 'superseded') return undefined;
  return bucketName(status === 'open' ? 'open' : 'closed', shardOf(LEDGER_SHARDS, stream));
}

function bucketName(list: LedgerList, shard: number): string {
  return `${list}#${shard}`;
}

/** The sort key of an entry in its stream. */
export function entryKeyOf({ commit: { log, position }, writer }: LedgerEntry): string {
  return `entry#${log}.${position}#${writer}`;
}

export function watchKeyOf(region: string): string {
  return `watch#${region}`;
}

/** The keys of a list from `first` on, up to `last`. */
export interface KeyRange {
  readonly first: string;
  readonly last: string;
}

/** Reads about `limit` entries of a bucket. */
export type ReadBucket = (bucket: string, range: KeyRange, limit: number) => Promise<ShardPage<LedgerEntry>>;

const NONE: ShardPage<LedgerEntry> = { items: [], end: undefined };

/** A page over the shards of one list or of both. */
export async function ledgerPage(
  { from, to, isOpen, includes, after, limit }: LedgerPageRequest,
  readBucket: ReadBucket,
): Promise<LedgerPage> {
  const lists: readonly LedgerList[] = isOpen === undefined ? ['open', 'closed'] : [isOpen ? 'open' : 'closed'];
  const buckets = lists.flatMap((list) => Array.from({ length: LEDGER_SHARDS }, (_, i) => bucketName(list, i)));
  const start = listedTime(from);
  const { items, end } = await readShards(
    {
      shards: buckets.length,
      readShard: async (shard, behind = after, count) => {
        // Behind a key is what follows it with any character added.
        const first = behind !== undefined && behind >= start ? `${behind}\u0000` : start;
        const last = `${listedTime(to)}~`;
        return first > last ? NONE : readBucket(buckets[shard] ?? '', { first, last }, count);
      },
      combine: (key, [entry]) => (entry && includes(entry) ? { key, entry } : undefined),
    },
    { after, limit },
  );
  return { items: items.map(({ entry }) => entry), end };
}

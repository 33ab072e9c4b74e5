import { maxShardSum, type Sums, type TotalDelta, type ViewEntry } from '../../core/index.ts';

let views = 0;
export function aView(): string {
  return `view-${process.pid}-${++views}`;
}

export function anEntry(of: Partial<ViewEntry> = {}): ViewEntry {
  return {
    stream: 'note/1',
    shard: 0,
    version: { 'us-east-1': 2, 'us-west-2': 1 },
    revision: 1,
    totals: { red: { count: 1, balance: -19 } },
    ...of,
  };
}

/** A change of a total in a generation of older code, which does not count the streams that contribute. */
export function delta(key: string, shard: number, sums: Sums): TotalDelta {
  return { key, shard, sums, limit: maxShardSum(1) };
}

/** A change of a total by streams that start (1), continue (0) or stop (-1) contributing all of its fields. */
export function counted(key: string, sums: Sums, streams: number, shard = 0): TotalDelta {
  const counts = Object.keys(sums).map((field) => [field, streams] as const);
  return { key, shard, sums, limit: maxShardSum(1), contributors: { streams, fields: Object.fromEntries(counts) } };
}

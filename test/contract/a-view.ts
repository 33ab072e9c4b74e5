import type { Sums, TotalDelta, ViewEntry } from '../../core/index.ts';

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

export function delta(key: string, shard: number, sums: Sums): TotalDelta {
  return { key, shard, sums };
}

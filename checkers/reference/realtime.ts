import type { Edge } from './graph.ts';

/** When something took effect. */
export interface Interval {
  readonly begin: number;
  /** Infinity: it is not known to be over. */
  readonly end: number;
  /** False: that something was over before need not show in it. */
  readonly isAfterOthers: boolean;
}

/**
 * The order in time: an edge from what was over to what began later. Edges that follow from others are left out: only the latest
 * intervals that were over have one, of those that overlap each other.
 */
export function realtimeEdges(intervals: readonly Interval[]): readonly Edge[] {
  const moments = intervals
    .flatMap(({ begin, end }, node) => [
      { at: begin, node, isEnd: false },
      { at: end, node, isEnd: true },
    ])
    .filter(({ at }) => Number.isFinite(at))
    // What ends and begins in the same millisecond overlaps.
    .sort((a, b) => a.at - b.at || Number(a.isEnd) - Number(b.isEnd));
  const latest = new Set<number>();
  const before = new Map<number, readonly number[]>();
  const edges: Edge[] = [];
  for (const { node, isEnd } of moments) {
    if (!isEnd) {
      if (!intervals[node]?.isAfterOthers) continue;
      const over = [...latest];
      before.set(node, over);
      edges.push(...over.map((from): Edge => ({ from, to: node, why: 'rt' })));
      continue;
    }
    for (const other of before.get(node) ?? []) latest.delete(other);
    latest.add(node);
  }
  return edges;
}

import { shardOf } from '../../core/index.ts';
import { firstIndexBehind } from './binary-search.ts';

interface SegmentPage<T> {
  /** 0 to `segments` - 1. */
  readonly segment: number;
  readonly segments: number;
  readonly limit: number;
  /** Where the previous page ended: in the middle of a partition, of whose items these are left. */
  readonly after: { readonly name: string; readonly left: readonly T[] } | undefined;
}

/**
 * The next items of one segment of a table in memory: one partition after the other, each with its items in order.
 * @param names the table's partitions, sorted
 * @returns the items, and the last of them if more follow
 */
export function segmentPage<T>(
  names: readonly string[],
  itemsOf: (name: string) => readonly T[],
  { segment, segments, limit, after }: SegmentPage<T>,
): { readonly items: readonly T[]; readonly end: T | undefined } {
  const found = [...(after?.left ?? [])];
  for (const name of names.slice(after ? firstIndexBehind(names, after.name) : 0)) {
    if (found.length > limit) break;
    if (shardOf(segments, name) === segment) found.push(...itemsOf(name));
  }
  const items = found.slice(0, limit);
  return { items, end: found.length > limit ? items.at(-1) : undefined };
}

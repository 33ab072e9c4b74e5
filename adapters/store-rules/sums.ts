import { type Contributors, MeridianError, type Sums, type TotalDelta } from '../../core/index.ts';

/**
 * Adds field by field; a missing field counts as 0. Any name is a valid field, including `__proto__` and
 * `constructor`.
 */
export function addSums(a: Sums, b: Sums): Sums {
  const sums = new Map(Object.entries(a));
  for (const [field, sum] of Object.entries(b)) sums.set(field, (sums.get(field) ?? 0) + sum);
  return Object.fromEntries(sums);
}

/** The total of a key in one shard. Without contributors it was started by older code. */
export interface ShardTotal {
  readonly sums: Sums;
  readonly contributors?: Contributors | undefined;
}

/**
 * The sum of a key's totals in all shards; undefined if no stream contributes. Totals of older code do not count that:
 * they exist while a sum is not 0.
 */
export function sumOf(parts: readonly ShardTotal[]): Sums | undefined {
  const sums = parts.map(shownIn).reduce(addSums, {});
  const isCounted = parts.some(({ contributors }) => contributors !== undefined);
  const exists = isCounted
    ? parts.some(({ contributors }) => (contributors?.streams ?? 0) > 0)
    : Object.values(sums).some((sum) => sum !== 0);
  return exists ? sums : undefined;
}

/** A field is shown while a stream contributes to it. */
function shownIn({ sums, contributors }: ShardTotal): Sums {
  if (!contributors) return sums;
  const known = new Map(Object.entries(sums));
  const fields = Object.entries(contributors.fields).filter(([, count]) => count > 0);
  return Object.fromEntries(fields.map(([field]) => [field, known.get(field) ?? 0]));
}

/**
 * Refuses a delta that takes a sum beyond its limit. A sum that is already beyond it, because older code did not check, may
 * return.
 * @param before the stored sums
 * @throws MeridianError `internal`
 */
export function checkSums(view: string, { key, shard, sums, limit }: TotalDelta, before: Sums): void {
  const known = new Map(Object.entries(before));
  for (const [field, sum] of Object.entries(sums))
    if (Math.sign(sum) * ((known.get(field) ?? 0) + sum) > limit)
      throw new MeridianError(
        'internal',
        `The total ${key}.${field} of ${view} would go beyond ${limit} in shard ${shard}, where the sum over all shards may be inexact. Use a larger unit or more keys, and rebuild the view.`,
      );
}

/**
 * True if a delta removes the last streams that contribute to a total, which is then deleted.
 * @param streams that contribute to the stored total
 * @throws MeridianError `internal`: it counts fewer than leave it
 */
export function isLast(view: string, { key, contributors }: TotalDelta, streams: number): boolean {
  const left = streams + (contributors?.streams ?? 0);
  if (left < 0)
    throw new MeridianError(
      'internal',
      `The total ${key} of ${view} counts ${streams} contributing streams, but ${-(contributors?.streams ?? 0)} leave it. Rebuild the view.`,
    );
  return left === 0 && (contributors?.streams ?? 0) < 0;
}

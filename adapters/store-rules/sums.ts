import type { Sums } from '../../core/index.ts';

/**
 * Adds field by field; a missing field counts as 0. Any name is a valid field, including `__proto__` and
 * `constructor`.
 */
export function addSums(a: Sums, b: Sums): Sums {
  const sums = new Map(Object.entries(a));
  for (const [field, sum] of Object.entries(b)) sums.set(field, (sums.get(field) ?? 0) + sum);
  return Object.fromEntries(sums);
}

/** The sum of the parts; undefined if every field of it is 0. */
export function sumOf(parts: readonly Sums[]): Sums | undefined {
  const sums = parts.reduce(addSums, {});
  return Object.values(sums).every((sum) => sum === 0) ? undefined : sums;
}

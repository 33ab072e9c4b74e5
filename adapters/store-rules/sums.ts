import type { Sums } from '../../core/index.ts';

/** Field by field; a field that is missing counts 0. Any name is a field, `__proto__` and `constructor` too. */
export function addSums(a: Sums, b: Sums): Sums {
  const sums = new Map(Object.entries(a));
  for (const [field, sum] of Object.entries(b)) sums.set(field, (sums.get(field) ?? 0) + sum);
  return Object.fromEntries(sums);
}

/** What parts come to; undefined: to nothing. */
export function sumOf(parts: readonly Sums[]): Sums | undefined {
  const sums = parts.reduce(addSums, {});
  return Object.values(sums).every((sum) => sum === 0) ? undefined : sums;
}

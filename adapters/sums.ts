import type { Sums } from '../core/index.ts';

/** Field by field; a field that is missing counts 0. */
export const addSums = (a: Sums, b: Sums): Sums => {
  const sums: Record<string, number> = { ...a };
  for (const field in b) sums[field] = (sums[field] ?? 0) + (b[field] ?? 0);
  return sums;
};

export const isZero = (sums: Sums): boolean => Object.values(sums).every((sum) => sum === 0);

import { memoryProgress } from '../../adapters/memory/progress.ts';
import { addSums } from '../../adapters/store-rules/sums.ts';
import type { Progress, Sums } from '../../core/index.ts';
import type { Addition } from '../../lambdas/subscription.ts';

/** A subscriber's own table in a Region. */
export interface SubscriberTable {
  readonly progress: Progress<Addition>;
  /** What its handling has added up, by key. */
  readonly sums: ReadonlyMap<string, Sums>;
}

/** @param now milliseconds since 1970 */
export function subscriberTable(now: () => number): SubscriberTable {
  const sums = new Map<string, Sums>();
  return {
    sums,
    progress: memoryProgress(({ key, sums: added }) => sums.set(key, addSums(sums.get(key) ?? {}, added)), now),
  };
}

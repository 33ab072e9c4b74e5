import { keyOrder } from '../store-rules/key-order.ts';

/** Finds the index of the first of the sorted keys that is greater than `after`, by binary search. */
export function firstIndexBehind(keys: readonly string[], after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOrder(keys[middle] ?? '', after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When to stop: what has not begun by then is not begun at all. */
export interface Stop<T, R> {
  /** Asked before each item, with the result of the item before it under the same key. */
  readonly when: (previous: R | undefined) => boolean;
  /** What an item gets instead of its step. */
  readonly instead: (item: T) => R;
}

/**
 * Runs a step for every item: those with the same key one after the other, in their order, the others side by side.
 * @returns the results in the order of the items
 */
export async function inOrderPerKey<T, R>(
  items: readonly T[],
  keyOf: (item: T) => string,
  step: (item: T) => Promise<R>,
  stop: Stop<T, R>,
): Promise<readonly R[]> {
  const tails = new Map<string, Promise<R>>();
  return Promise.all(
    items.map((item) => {
      const key = keyOf(item);
      const result = next(tails.get(key), item, step, stop);
      tails.set(key, result);
      return result;
    }),
  );
}

async function next<T, R>(
  before: Promise<R> | undefined,
  item: T,
  step: (item: T) => Promise<R>,
  { when, instead }: Stop<T, R>,
): Promise<R> {
  return when(await before) ? instead(item) : step(item);
}

/** The condition under which items are skipped instead of started. */
export interface Stop<T, R> {
  /** True if an item is skipped. Called before each item, with the result of the previous item of the same key. */
  readonly when: (previous: R | undefined) => boolean;
  /** The result of a skipped item. */
  readonly instead: (item: T) => R;
}

/**
 * Runs a step for every item: items with the same key sequentially and in order, the others concurrently.
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

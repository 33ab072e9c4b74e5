/**
 * Runs a step for every item: those with the same key one after the other, in their order, the others side by side.
 * @returns the results in the order of the items
 */
export const inOrderPerKey = async <T, R>(
  items: readonly T[],
  keyOf: (item: T) => string,
  step: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const tails = new Map<string, Promise<unknown>>();
  return Promise.all(
    items.map((item) => {
      const result = (tails.get(keyOf(item)) ?? Promise.resolve()).then(() => step(item));
      tails.set(
        keyOf(item),
        result.catch(() => undefined),
      );
      return result;
    }),
  );
};

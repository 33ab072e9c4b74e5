/**
 * Does something with every item, side by side. Once it has failed with one, the others are told to end; the failure is
 * thrown when they have, so that nothing goes on after it was told.
 * @param work begins nothing more when `stop` is aborted
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  work: (item: T, stop: AbortSignal) => Promise<R>,
): Promise<readonly R[]> {
  const stop = new AbortController();
  const results = await Promise.allSettled(
    items.map(async (item) => {
      try {
        return await work(item, stop.signal);
      } catch (error) {
        stop.abort();
        throw error;
      }
    }),
  );
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

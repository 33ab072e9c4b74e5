/**
 * Runs `work` for every item, concurrently. Once one item has failed, the others are stopped. The failure is thrown
 * when they have ended, so that no work continues after the failure is reported. @param work starts nothing new once
 * `stop` is aborted
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

/** Processes items in batches, sequentially, in the order in which they were added. */
export interface Lane<T> {
  readonly put: (item: T) => void;
  /** Resolves when all items are processed or, after `stop`, when the current batch is done. */
  readonly rest: () => Promise<void>;
}

/**
 * @param portion how many of the waiting items form the next batch, at least one @param step processes a batch; items that it
 * returns are put back at the front and processed again
 */
export function laneOf<T>(
  portion: (waiting: readonly T[]) => number,
  step: (items: readonly T[]) => Promise<readonly T[]>,
  stopped: () => boolean,
): Lane<T> {
  let waiting: readonly T[] = [];
  let added: T[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    // Items added in the same tick join the batch.
    await Promise.resolve();
    while (waiting.length + added.length > 0 && !stopped()) {
      waiting = [...waiting, ...added];
      added = [];
      const size = portion(waiting);
      const again = await step(waiting.slice(0, size));
      waiting = [...again, ...waiting.slice(size)];
    }
    running = undefined;
  };

  return {
    put: (item) => {
      added.push(item);
      running ??= run();
      running.catch(() => undefined);
    },
    rest: async () => running,
  };
}

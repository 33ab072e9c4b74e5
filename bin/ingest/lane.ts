/** Does work in portions, one after the other, in the order in which it came in. */
export interface Lane<T> {
  readonly put: (item: T) => void;
  /** Resolves when all that was put is done, or after `stop` when the portion under way is. */
  readonly rest: () => Promise<void>;
}

/**
 * @param portion how many of the items that wait are taken at once, at least one
 * @param step does a portion; what it returns is put in front of what waits, to be done again
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
    // So that what is put in the same moment goes along.
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

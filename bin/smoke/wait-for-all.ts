import { setTimeout as sleep } from 'node:timers/promises';

/** Pause between two polls. */
const POLL_MS = 200;

/**
 * Waits until a condition is true for all items. @throws at the time limit, the error that `late` returns for the items
 * that do not meet it
 */
export async function waitForAll<T>(
  all: readonly T[],
  isTrue: (one: T) => Promise<boolean>,
  late: (missing: readonly T[]) => Error,
  withinMs: number,
): Promise<void> {
  const end = performance.now() + withinMs;
  for (let missing = all; ; ) {
    const answers = await Promise.all(missing.map(isTrue));
    missing = missing.filter((_, i) => !answers[i]);
    if (missing.length === 0) return;
    if (performance.now() + POLL_MS > end) throw late(missing);
    await sleep(POLL_MS);
  }
}

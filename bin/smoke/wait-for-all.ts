import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks. */
const POLL_MS = 200;

/** Waits until something is true of all. @throws what `late` makes of those of which it is not, at the end */
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

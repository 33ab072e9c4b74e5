import type { Runtime } from './ports/runtime.ts';

const BASE_MS = 25;
const CAP_MS = 1000;

/**
 * Milliseconds to wait before the next try: exponential with full jitter, so that writers who met once do not meet again.
 * After Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (2015).
 * @param tries how many failed before the one that just did: 0 at first
 */
export function backoff({ random }: Pick<Runtime, 'random'>, tries: number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** tries);
}

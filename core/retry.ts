import type { Runtime } from './ports/runtime.ts';

const BASE_MS = 25;
const CAP_MS = 1000;

/**
 * Milliseconds to wait before the next attempt: exponential backoff with full jitter, so that colliding writers do
 * not collide again. After Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (2015).
 * @param tries number of failures before the latest: 0 at first
 */
export function backoff({ random }: Pick<Runtime, 'random'>, tries: number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** tries);
}

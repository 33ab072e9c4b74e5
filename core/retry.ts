import type { Runtime } from './ports/runtime.ts';

const BASE_MS = 25;
const CAP_MS = 1000;

/**
 * Milliseconds to wait before try number `attempt` + 1 (the first is 0): exponential with full jitter, so that writers
 * who met once do not meet again. After Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (2015).
 */
export function backoff({ random }: Pick<Runtime, 'random'>, attempt: number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt);
}

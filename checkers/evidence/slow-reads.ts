import type { LineOf } from '../history.ts';

/**
 * The least time, in milliseconds, that a read takes which could not learn the decision on an intent. It tries for two seconds, with
 * pauses of up to one, and a clock may run a tenth too fast.
 */
const GIVES_UP_MS = 900;

/**
 * Whether a read took so long that it may have given up on a decision: then it shows the stream as it was before the intent, even if the
 * transaction is committed. The guarantees prefer a stale response to none, except for `strong` streams.
 */
export function isSlow({ begin, end = begin }: LineOf<'read'>): boolean {
  return end - begin >= GIVES_UP_MS;
}

import type { Problem } from '../core/index.ts';

/** True for a problem that is not the caller's: it counts as a failure of the function, and raises an alarm. */
export function isFailure({ status }: Problem): boolean {
  return status >= 500;
}

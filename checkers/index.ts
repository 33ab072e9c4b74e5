import type { History, Violation } from './history.ts';

/** What a history breaks. */
export function checkHistory(_history: History): readonly Violation[] {
  return [];
}

// Rules for numbers whose changes have the same result in any order. 0 is added because JSON has no -0.
import type { Rule } from './rule.ts';

/** The sum of all changes. */
export function counter(initial = 0): Rule<number, number> {
  return { initial, apply: (sum, { change }) => sum + change + 0 };
}

/** The lowest of all changes; null without any. */
export function minimum(): Rule<number | null, number> {
  return { initial: null, apply: (lowest, { change }) => (lowest === null ? change : Math.min(lowest, change)) + 0 };
}

/** The highest of all changes; null without any. */
export function maximum(): Rule<number | null, number> {
  return { initial: null, apply: (highest, { change }) => (highest === null ? change : Math.max(highest, change)) + 0 };
}

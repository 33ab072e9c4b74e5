// Rules for numbers whose changes have the same result in any order. 0 is added because JSON has no -0.
import type { Conflicting, Rule } from './rule.ts';

/** Changes to a number that count in any order do not conflict. */
function never(): readonly Conflicting[] {
  return [];
}

/** The sum of all changes. */
export function counter(initial = 0): Rule<number, number> {
  return { name: 'counter', initial, apply: (sum, { change }) => sum + change + 0, conflicts: never };
}

/** The lowest of all changes; null without any. */
export function minimum(): Rule<number | null, number> {
  return {
    name: 'minimum',
    initial: null,
    conflicts: never,
    apply: (lowest, { change }) => (lowest === null ? change : Math.min(lowest, change)) + 0,
  };
}

/** The highest of all changes; null without any. */
export function maximum(): Rule<number | null, number> {
  return {
    name: 'maximum',
    initial: null,
    conflicts: never,
    apply: (highest, { change }) => (highest === null ? change : Math.max(highest, change)) + 0,
  };
}

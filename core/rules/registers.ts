// Rules for values that are replaced: one writer wins, or all values stay until a writer has seen them.
import { canonicalJson } from '../facts/fingerprint.ts';
import type { Rule } from './rule.ts';

/** A value, and the event that wrote it. */
export interface Written<Value> {
  readonly by: string;
  readonly value: Value;
}

/**
 * The last writer wins: the value of the change that is folded last, so of those that have not seen each other the one with
 * the highest stamp.
 */
export function lastWriterWins<Value>(initial: Value): Rule<Value, Value> {
  return {
    name: 'lastWriterWins',
    initial,
    apply: (_value, { change }) => change,
    conflicts: (a, b) => (isSame(a, b) ? [] : [{}]),
  };
}

/** The last writer of each field wins: a change names only the fields that it writes. One that is undefined is not named. */
export function lastWriterWinsPerField<Fields extends object>(initial: Fields): Rule<Fields, Partial<Fields>> {
  return {
    name: 'lastWriterWinsPerField',
    initial,
    apply: (fields, { change }) => {
      const written = Object.entries(change).filter(([, value]) => value !== undefined);
      return { ...fields, ...Object.fromEntries(written) };
    },
    conflicts(a, b) {
      const others = new Map<string, unknown>(Object.entries(b));
      return Object.entries(a).flatMap(([at, value]) => {
        const other = others.get(at);
        return value === undefined || other === undefined || isSame(value, other) ? [] : [{ at }];
      });
    },
  };
}

/**
 * Keeps all values whose writers had not seen each other, in fold order: a multi-value register. A later change that has seen them
 * replaces them. Source: Shapiro et al., A comprehensive study of convergent and commutative replicated data types,
 * INRIA RR-7506, 3.2.2.
 */
export function keepAll<Value>(): Rule<readonly Written<Value>[], Value> {
  return {
    name: 'keepAll',
    initial: [],
    apply: (values, { by, change }, writer) => [
      ...values.filter((value) => !writer.saw(value.by)),
      { by, value: change },
    ],
    conflicts: () => [{ isOpen: true }],
  };
}

/** True for values that are the same as JSON, whatever the order of their members. */
function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

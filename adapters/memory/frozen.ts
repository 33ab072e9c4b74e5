import { deepFreeze } from '../../core/facts/deep-freeze.ts';

/**
 * Returns a deeply frozen copy of a JSON value, as a database stores it: without `undefined`, and with 0 for -0.
 * @param checkSize called with the size of the value's JSON in bytes before it is copied
 */
export function frozenCopy<T>(value: T, checkSize?: (bytes: number) => void): T {
  const text = JSON.stringify(value);
  checkSize?.(Buffer.byteLength(text));
  const copy: T = JSON.parse(text);
  return deepFreeze(copy);
}

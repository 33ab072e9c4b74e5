import { utf8Bytes } from './utf8.ts';

/** @returns undefined if the text is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** True for objects, arrays included. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The size of a value as JSON in UTF-8; 0 for what JSON omits. */
export function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value) ?? '');
}

/** The size of a value as JSON that is itself a text in JSON, as in the response of a function. */
export function nestedJsonBytes(value: unknown): number {
  return jsonBytes(JSON.stringify(value) ?? '');
}

/** How many of the first values have at most this many bytes together, by `nestedJsonBytes`; at least one. */
export function countWithin(values: readonly unknown[], bytes: number): number {
  let left = bytes;
  const over = values.findIndex((value, i) => {
    left -= nestedJsonBytes(value) + 1;
    return left < 0 && i > 0;
  });
  return over === -1 ? values.length : over;
}

/**
 * True if a value survives a round trip through JSON: no `undefined`, Date, Map or class instance, -0, NaN or sparse
 * array.
 */
export function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (Reflect.ownKeys(value).some((key) => typeof key === 'symbol')) return false;
  if (typeof Reflect.get(value, 'toJSON') === 'function') return false;
  // `every` passes over the gaps of a sparse array.
  if (Array.isArray(value)) return Object.keys(value).length === value.length && Array.from(value).every(isJson);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson);
}

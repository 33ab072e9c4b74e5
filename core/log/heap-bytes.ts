/** Bytes of a value's header in memory, and of a reference to it. */
const VALUE = 24;
/** Bytes of a member of an object, its name apart. */
const MEMBER = 16;

/**
 * Estimates the memory that a JSON value takes, and that a state made from it takes in addition: two bytes a character,
 * although most texts take one, because a state copies structures and shares texts. Takes time in proportion to the
 * number of values, not of characters.
 */
export function heapBytes(value: unknown): number {
  let bytes = 0;
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    bytes += VALUE;
    if (typeof next === 'string') bytes += 2 * next.length;
    else if (Array.isArray(next)) {
      bytes += MEMBER * next.length;
      for (const item of next) left.push(item);
    } else if (typeof next === 'object' && next !== null)
      for (const name of Object.keys(next)) {
        bytes += MEMBER + 2 * name.length;
        left.push(Reflect.get(next, name));
      }
  }
  return bytes;
}

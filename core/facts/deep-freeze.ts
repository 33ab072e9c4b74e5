/** Freezes a value and everything in it that is not frozen yet. @returns the value */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    for (const part of Object.values(Object.freeze(value))) deepFreeze(part);
  return value;
}

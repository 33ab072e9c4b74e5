/**
 * A digest of a request that distinguishes a retry from a reused id. It is the same for requests that differ only in
 * the order of their keys.
 * @param asked can be stored and carried: this recurses into it
 */
export function fingerprintOf({ digest }: { readonly digest: (text: string) => string }, asked: unknown): string {
  return digest(JSON.stringify(sorted(asked)));
}

/** A copy whose objects have their keys in order. Making it takes less time than a replacer of `JSON.stringify`. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}

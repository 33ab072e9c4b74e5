/**
 * A digest of a request that distinguishes a retry from a reused id. It is the same for requests that differ only in
 * the order of their keys.
 */
export function fingerprintOf({ digest }: { readonly digest: (text: string) => string }, asked: unknown): string {
  return digest(canonicalJson(asked));
}

/** JSON with sorted keys, of a value that can be stored and carried: it recurses into it. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

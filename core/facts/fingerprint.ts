import { MeridianError } from './errors.ts';

/**
 * A digest of a request that distinguishes a retry from a reused id. It is the same for requests that differ only in
 * the order of their keys.
 * @throws MeridianError `too-large`: nested too deeply
 */
export function fingerprintOf({ digest }: { readonly digest: (text: string) => string }, asked: unknown): string {
  return digest(canonicalJson(asked));
}

/** JSON with sorted keys. @throws MeridianError `too-large`: nested too deeply */
export function canonicalJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, part: unknown) =>
      part !== null && typeof part === 'object' && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    );
  } catch (cause) {
    throw new MeridianError('too-large', 'The request is nested too deeply.', { cause });
  }
}

/**
 * A digest of a request that distinguishes a retry from a reused id. It is the same for requests that differ only in
 * the order of their keys.
 * @param asked can be stored and carried: this recurses into it
 */
export function fingerprintOf({ digest }: { readonly digest: (text: string) => string }, asked: unknown): string {
  return digest(canonicalJson(asked));
}

/** Text that is the same in JSON, apart from the quotes. Most is, and this takes less time than JSON.stringify. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** JSON with the keys of every object in order. Written out, because making ordered copies takes twice the time. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  let members = '';
  if (Array.isArray(value)) {
    for (const item of value) members += `${members && ','}${canonicalJson(item)}`;
    return `[${members}]`;
  }
  for (const [key, member] of inOrder(Object.entries(value)))
    if (member !== undefined) members += `${members && ','}${canonicalJson(key)}:${canonicalJson(member)}`;
  return `{${members}}`;
}

/** Members as an object has them that is filled in the order of their keys: numbers come first, in their own order. */
function inOrder(members: [string, unknown][]): readonly [string, unknown][] {
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return members.some(([key]) => key >= '0' && key < ':') ? Object.entries(Object.fromEntries(members)) : members;
}

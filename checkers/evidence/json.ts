/** A text that is the same for equal JSON values, whatever the order of their members. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sorted(inner) : inner)) ?? 'undefined';
}

function sorted(record: object): object {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are equal. Values with the same order of members are compared faster. */
export function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b) || canonical(a) === canonical(b);
}

/** At most this many characters of a value are shown in a message. */
const SHOWN = 200;

/** A value in a message. */
export function show(value: unknown): string {
  const text = canonical(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

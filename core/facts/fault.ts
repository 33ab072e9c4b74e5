/** One fault of an input: where, and what is wrong. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** A path in JavaScript notation: `events[0].data.delay`. @param prefix the path of the value that `path` starts at */
export function pathOf(path: readonly PropertyKey[], prefix = ''): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key)),
    prefix,
  );
}

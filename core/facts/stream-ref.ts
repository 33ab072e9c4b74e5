/** A stream's name and its parts: `account/us-east-1.ann` has the type `account` and the id `us-east-1.ann`. */
export interface StreamRef {
  readonly name: string;
  readonly type: string;
  readonly id: string;
}

/** Parses a stream's name. Done once, where the name enters; the reference is passed on. */
export function parseStreamRef(name: string): StreamRef {
  const slash = name.indexOf('/');
  return { name, type: name.slice(0, slash), id: name.slice(slash + 1) };
}

/** A stream's name, and what it says: `account/us-east-1.ann` is of the type `account` and has the id `us-east-1.ann`. */
export interface StreamRef {
  readonly name: string;
  readonly type: string;
  readonly id: string;
}

/** Reads a stream's name: done once where the name comes in, and the reference is passed on. */
export function parseStreamRef(name: string): StreamRef {
  const slash = name.indexOf('/');
  return { name, type: name.slice(0, slash), id: name.slice(slash + 1) };
}

/** `account/us-east-1.ann` → type `account`, id `us-east-1.ann`. */
export function splitStream(stream: string): { readonly type: string; readonly id: string } {
  const slash = stream.indexOf('/');
  return { type: stream.slice(0, slash), id: stream.slice(slash + 1) };
}

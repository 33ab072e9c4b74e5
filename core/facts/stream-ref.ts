/** `flight/LAX.17` → type `flight`, id `LAX.17`. */
export function splitStream(stream: string): { readonly type: string; readonly id: string } {
  const slash = stream.indexOf('/');
  return { type: stream.slice(0, slash), id: stream.slice(slash + 1) };
}

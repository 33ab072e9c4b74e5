/** The parts of an attempt's commitId: `us-east-1:order-17#1`; undefined if it is not one. */
export function attemptIn(commitId: string): { readonly id: string; readonly attempt: number } | undefined {
  const { id, attempt } = /^(?<id>.*)#(?<attempt>[1-9]\d*)$/s.exec(commitId)?.groups ?? {};
  return id === undefined ? undefined : { id, attempt: Number(attempt) };
}

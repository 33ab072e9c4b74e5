/** Streams that this process holds in memory; a bounded map. */
export interface WarmStreams<T> {
  get(stream: string): T | undefined;
  set(stream: string, warm: T): unknown;
}

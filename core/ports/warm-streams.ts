/** Streams that this process keeps in memory, in a bounded map. */
export interface WarmStreams<T> {
  get(stream: string): T | undefined;
  set(stream: string, warm: T): unknown;
}

/** An event as a caller sends it. */
export interface SentEvent {
  readonly type: string;
  readonly schemaVersion?: number | undefined;
  readonly data?: unknown;
}

/** What is asked of a stream: events as they are, or a command that decides them. */
export type Operation =
  | { readonly kind: 'events'; readonly events: readonly SentEvent[] }
  | { readonly kind: 'command'; readonly command: string; readonly input?: unknown };

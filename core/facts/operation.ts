/** An event in a caller's request. */
export interface SentEvent {
  readonly type: string;
  readonly schemaVersion?: number | undefined;
  readonly data?: unknown;
}

/** A requested operation on a stream: events to append, or a command that decides them. */
export type Operation =
  | { readonly kind: 'events'; readonly events: readonly SentEvent[] }
  | { readonly kind: 'command'; readonly command: string; readonly input?: unknown };

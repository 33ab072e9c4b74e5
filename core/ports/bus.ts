import type { BusEntry } from '../wire/bus.ts';

/** Why an entry can never be accepted: what is wrong with the entry itself. A retry does not help. */
export interface PermanentRefusal {
  readonly permanent: string;
}

/** Per entry: undefined if it was accepted; otherwise the reason, as a text if a retry may help. */
export type PutAnswer = readonly (string | PermanentRefusal | undefined)[];

/** The Region's event bus. */
export interface Bus {
  /** One PutEvents: at most `PUT_EVENTS_ENTRIES` entries. Entries can fail individually. */
  put(entries: readonly BusEntry[]): Promise<PutAnswer>;
}

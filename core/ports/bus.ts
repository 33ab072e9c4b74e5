import type { BusEntry } from '../wire/bus.ts';
import type { BatchAnswer } from './queue.ts';

/** The Region's event bus. */
export interface Bus {
  /** One PutEvents: at most `PUT_EVENTS_ENTRIES` entries. Entries can fail individually. */
  put(entries: readonly BusEntry[]): Promise<BatchAnswer>;
}

import { type BusEntry, RECEIPT_SOURCE } from './bus.ts';

/** What became of an envelope that came in over the bus; it stays on the bus of the Region that decided. */
export function receiptEntry(type: 'Accepted' | 'Rejected', detail: Readonly<Record<string, unknown>>): BusEntry {
  return {
    source: RECEIPT_SOURCE,
    detailType: type,
    detail: JSON.stringify(detail),
  };
}

import { type BusEntry, OUTCOME_SOURCE } from './bus.ts';

/** What became of an envelope that came in over the bus; it stays on the bus of the Region that decided. */
export function outcomeEntry(outcome: 'Accepted' | 'Rejected', detail: Readonly<Record<string, unknown>>): BusEntry {
  return {
    source: OUTCOME_SOURCE,
    detailType: outcome,
    detail: JSON.stringify(detail),
  };
}

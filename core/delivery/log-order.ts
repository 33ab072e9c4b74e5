import type { Place } from '../ports/progress.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';

/** The place before the first event of a log: no event is handled yet. */
export const START: Place = { position: 0, index: 0, count: 1 };

/** Negative if `a` precedes `b` in their log, 0 if they are the same place. */
export function comparePlaces(a: Omit<Place, 'count'>, b: Omit<Place, 'count'>): number {
  return a.position - b.position || a.index - b.index;
}

/** True if an event is the next one of its log: the next of the same commit, or the first after a complete commit. */
export function followsPlace(last: Place, { meta: { position, index, previous } }: SubscribedEvent): boolean {
  return position === last.position
    ? index === last.index + 1
    : index === 0 && previous === last.position && last.index + 1 === last.count;
}

/** The further one of two places in a log; undefined: no event is handled. */
export function further(a: Place | undefined, b: Place | undefined): Place | undefined {
  if (!a || !b) return a ?? b;
  return comparePlaces(a, b) < 0 ? b : a;
}

import type { Place } from '../ports/progress.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';

/** Nothing was handled: the first event of a log follows it. */
export const START: Place = { position: 0, index: 0, count: 1 };

/** Negative when `a` comes before `b` in their log, 0 when they are the same place. */
export function comparePlaces(a: Omit<Place, 'count'>, b: Omit<Place, 'count'>): number {
  return a.position - b.position || a.index - b.index;
}

/** Whether an event is the next one of its log: of the same commit, or the first of the commit after a whole one. */
export function followsPlace(last: Place, { meta: { position, index, previous } }: SubscribedEvent): boolean {
  return position === last.position
    ? index === last.index + 1
    : index === 0 && previous === last.position && last.index + 1 === last.count;
}

import { describe, expect, it } from 'vitest';
import { comparePlaces, followsPlace, START } from '../../../core/delivery/log-order.ts';
import { subscribedEventSchema } from '../../../core/index.ts';
import { bodiesOf } from './subscribe-fixture.ts';

/** The events of a commit. */
function eventsOf(...of: Parameters<typeof bodiesOf>) {
  return bodiesOf(...of).map((body) => subscribedEventSchema.parse({ ...JSON.parse(body).detail, type: 'Noted' }));
}

describe('the order of a log', () => {
  it('is the order of positions, and within a commit the order of its events', () => {
    const places = [
      { position: 10, index: 0 },
      { position: 2, index: 1 },
      { position: 2, index: 0 },
    ];
    expect(places.toSorted(comparePlaces)).toEqual(places.toReversed());
    expect(comparePlaces({ position: 2, index: 1 }, { position: 2, index: 1 })).toBe(0);
  });

  it('places each event after the one before it in its commit, and the first after the last of the previous commit', () => {
    const all = [...eventsOf({ position: 1, count: 2 }), ...eventsOf({ position: 4, previous: 1, count: 3 })];
    const places = [START, ...all.map(({ meta }) => meta)];
    for (const [i, place] of places.entries())
      expect(all.map((event) => followsPlace(place, event))).toEqual(all.map((_, j) => i === j));
  });
});

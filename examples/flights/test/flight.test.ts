import { given, nothing } from '@meridian-es/meridian/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { airportDelays } from '../airport-delays.ts';
import { flight } from '../flight.ts';

const departure = { airport: 'LAX', delay: -19, scheduled: '2001-01-01T06:55' };
const arrival = { airport: 'BNA', delay: -19 };
const departed = { type: 'Departed', data: departure } as const;
const arrived = { type: 'Arrived', data: arrival } as const;

const airports = fc.constantFrom('LAX', 'BNA', 'SJC', '00M');
const delays = fc.integer({ min: -1440, max: 10080 });
const departures = fc.record({
  airport: airports,
  delay: delays,
  scheduled: fc.constantFrom('2001-01-01T06:55', '2004-02-29T23:59'),
});
const arrivals = fc.record({ airport: airports, delay: delays });
const events = fc.array(
  fc.oneof(
    departures.map((data) => ({ type: 'Departed' as const, data })),
    arrivals.map((data) => ({ type: 'Arrived' as const, data })),
  ),
);

describe('flight', () => {
  it('has the halves that were reported', () => {
    given(flight).hasState({});
    given(flight, arrived).hasState({ arrived: arrival });
    given(flight, departed, arrived).hasState({ departed: departure, arrived: arrival });
  });

  it('accepts a departure of version 1, which has no cause, and one of version 2 with a cause', () => {
    const late = { ...departure, delay: 42, cause: 'weather' as const };
    given(flight, { ...departed, schemaVersion: 1 }).hasState({ departed: departure });
    given(flight, { ...departed, schemaVersion: 1 }, { type: 'Departed', data: late }).hasState({ departed: late });
    expect(() => given(flight, { type: 'Departed', schemaVersion: 1, data: late })).toThrow('cause: unknown property');
    const caused = { ...departure, cause: 'carrier' as const };
    given(flight, departed).when('depart', caused).then({ type: 'Departed', data: caused });
  });

  it('keeps the last report on each half, in whatever order the halves arrive', () => {
    fc.assert(
      fc.property(events, (history) => {
        const departed = history.findLast((event) => event.type === 'Departed')?.data;
        const arrived = history.findLast((event) => event.type === 'Arrived')?.data;
        given(flight, ...history).hasState({ ...(departed && { departed }), ...(arrived && { arrived }) });
      }),
    );
  });

  it('is in conflict if two reports on one half had not seen each other, and not by reports on both halves', () => {
    const corrected = { type: 'Arrived', data: { ...arrival, delay: 7 } } as const;
    expect(given(flight).concurrently([departed], [arrived]).conflicts).toEqual([]);
    expect(given(flight, departed).concurrently([arrived], [corrected]).conflicts).toEqual([
      { about: ['state'], open: false },
    ]);
    expect(given(flight, arrived, corrected).conflicts).toEqual([]);
  });

  it('keeps what both airports reported at the same time, whichever report is stamped first', () => {
    const both = { departed: departure, arrived: arrival };
    given(flight).concurrently([departed], [arrived]).hasState(both);
    given(flight)
      .concurrently([arrived], [departed])
      .hasState(both)
      .hasTotals(airportDelays, {
        LAX: { departures: 1, arrivals: 0, totalDelay: -19 },
        BNA: { departures: 0, arrivals: 1, totalDelay: -19 },
      });
  });

  it('decides on a new departure or arrival', () => {
    given(flight).when('depart', departure).then(departed);
    given(flight, departed).when('arrive', arrival).then(arrived);
  });

  it('decides a correction, whichever part of the report it changes', () => {
    for (const change of [{ airport: 'SNA' }, { delay: 3 }, { scheduled: '2001-01-01T07:00' }]) {
      const data = { ...departure, ...change };
      given(flight, departed).when('depart', data).then({ type: 'Departed', data });
    }
    for (const change of [{ airport: 'SNA' }, { delay: 3 }]) {
      const data = { ...arrival, ...change };
      given(flight, arrived).when('arrive', data).then({ type: 'Arrived', data });
    }
  });

  it('decides nothing when the report is already known', () => {
    fc.assert(
      fc.property(events, departures, arrivals, (history, departure, arrival) => {
        const known = given(
          flight,
          ...history,
          { type: 'Departed', data: departure },
          { type: 'Arrived', data: arrival },
        );
        known.when('depart', departure).then(nothing);
        known.when('arrive', arrival).then(nothing);
      }),
    );
  });

  it.each([
    [
      'an airport that is not a code',
      { ...departure, airport: 'lax' },
      'events[0].data.airport: is not an airport code',
    ],
    ['a delay that is not whole minutes', { ...departure, delay: 0.5 }, 'events[0].data.delay'],
    ['a delay of more than a week', { ...departure, delay: 10_081 }, 'events[0].data.delay'],
    ['a day that does not exist', { ...departure, scheduled: '2001-02-30T06:55' }, 'events[0].data.scheduled'],
    [
      'a time with a zone',
      { ...departure, scheduled: '2001-01-01T06:55Z' },
      'events[0].data.scheduled: is local time, without a zone',
    ],
    ['an unknown property', { ...departure, pilot: 'Kim' }, 'events[0].data.pilot: unknown property'],
  ])('refuses %s', (_what, data, message) => {
    expect(() => given(flight, { type: 'Departed', data })).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import { airportDelays } from '../airport-delays.ts';
import type { Flight } from '../flight.ts';

function totals(state: Flight) {
  if (airportDelays.kind !== 'totals') throw new Error('airport-delays has to be a view of totals');
  return airportDelays.totals(state, '2001-01-01.LAX-BNA.17');
}
function present(sums: Readonly<Record<string, number>>) {
  return airportDelays.kind === 'totals' ? airportDelays.present?.(sums) : undefined;
}

const departed = { airport: 'LAX', delay: -19, scheduled: '2001-01-01T06:55' };
const arrived = { airport: 'BNA', delay: 7 };

describe('airport-delays', () => {
  it('counts each half of a flight at its own airport', () => {
    expect(totals({})).toEqual({});
    expect(totals({ departed })).toEqual({ LAX: { departures: 1, arrivals: 0, totalDelay: -19 } });
    expect(totals({ departed, arrived })).toEqual({
      LAX: { departures: 1, arrivals: 0, totalDelay: -19 },
      BNA: { departures: 0, arrivals: 1, totalDelay: 7 },
    });
  });

  it('counts both halves at one airport when the flight turned back', () => {
    expect(totals({ departed, arrived: { airport: 'LAX', delay: 60 } })).toEqual({
      LAX: { departures: 1, arrivals: 1, totalDelay: 41 },
    });
  });

  it('shows the mean delay over departures and arrivals, not rounded', () => {
    expect(present({ departures: 1, arrivals: 2, totalDelay: -10 })).toEqual({
      departures: 1,
      arrivals: 2,
      totalDelay: -10,
      meanDelay: -10 / 3,
    });
  });

  it('has no mean where nothing departed or arrived', () => {
    const nothing = { departures: 0, arrivals: 0, totalDelay: 0, meanDelay: null };
    expect(present({})).toEqual(nothing);
    expect(present({ departures: 0, arrivals: 0, totalDelay: 0 })).toEqual(nothing);
  });
});

import { defineView } from '@meridian-es/meridian';
import { flight } from './flight.ts';

/** Departures, arrivals and their delays in minutes, by airport. The mean is not rounded, and null without any flight. */
export const airportDelays = defineView({
  name: 'airport-delays',
  kind: 'totals',
  of: flight,
  totals({ departed, arrived }) {
    const totals: Record<string, Record<'departures' | 'arrivals' | 'totalDelay', number>> = {};
    if (departed) totals[departed.airport] = { departures: 1, arrivals: 0, totalDelay: departed.delay };
    if (arrived) {
      // A flight that had to turn back arrives where it departed.
      const { departures = 0, totalDelay = 0 } = totals[arrived.airport] ?? {};
      totals[arrived.airport] = { departures, arrivals: 1, totalDelay: totalDelay + arrived.delay };
    }
    return totals;
  },
  present({ departures = 0, arrivals = 0, totalDelay = 0 }) {
    const flights = departures + arrivals;
    return { departures, arrivals, totalDelay, meanDelay: flights === 0 ? null : totalDelay / flights };
  },
});

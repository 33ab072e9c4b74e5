import { defineUse, defineWorkload } from '@meridian-es/meridian/testing';
import { flightId } from './flight-id.ts';
import { miles } from './miles.ts';
import { CAPACITY, seats } from './seats.ts';

/** An airport near each Region. */
const AIRPORTS: ReadonlyMap<string, string> = new Map([
  ['us-east-1', 'IAD'],
  ['us-east-2', 'CMH'],
  ['us-west-2', 'PDX'],
]);
/** Where all flights of a recording go. */
const DESTINATION = 'BNA';

/** @throws Error when no airport near the Region is known */
function airportNear(region: string): string {
  const airport = AIRPORTS.get(region);
  if (airport === undefined) throw new Error(`No airport near ${region} is known: add one to workload.ts.`);
  return airport;
}

/** How `meridian record` uses seats and miles. Arrivals of flights have no state that the checkers could judge. */
export const workload = defineWorkload({
  uses: {
    seats: defineUse(seats, {
      kind: 'seats',
      capacity: CAPACITY,
      id: (key, region) =>
        flightId({ date: '2001-01-01', origin: airportNear(region), destination: DESTINATION, row: Number(key) }),
      command: ({ do: does, by }) => ({ command: does === 'take' ? 'reserve' : 'release', input: { passenger: by } }),
      effect: ({ type, data: { passenger } }) => ({ do: type === 'SeatReserved' ? 'take' : 'release', by: passenger }),
      state: ({ passengers }) => passengers,
    }),
    miles: defineUse(miles, {
      kind: 'balance',
      id: (key, region) => `${airportNear(region)}.${key}`,
      command: ({ amount }, booking) =>
        amount > 0
          ? { command: 'earn', input: { miles: amount } }
          : { command: 'pay', input: { miles: -amount, booking } },
      effect: ({ type, data }) => ({ do: 'add', amount: type === 'MilesEarned' ? data.miles : -data.miles }),
      state: ({ balance }) => balance,
    }),
  },
});

import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';
import { routeOf } from './flight-id.ts';
import { nearestRegion } from './regions.ts';

/** Seats of a flight: few, so that a small example fills a flight. */
export const CAPACITY = 3;

const bookingSchema = z.strictObject({ passenger: z.string().min(1).max(100) });

/** Who has a seat on a flight, in the order of booking. */
export interface Seats {
  readonly passengers: readonly string[];
}

const allFree: Seats = { passengers: [] };

/**
 * The seats of a flight, under the flight's id. Their number is limited, so one Region decides who gets them: the one
 * nearest to the airport that the flight starts from.
 */
export const seats = defineStream({
  type: 'seats',
  mode: 'home',
  home: (id, regions) => nearestRegion(routeOf(id).origin, regions),
  events: {
    SeatReserved: { schemaVersion: 1, schema: bookingSchema, sample: { passenger: 'Ada' } },
    SeatReleased: { schemaVersion: 1, schema: bookingSchema, sample: { passenger: 'Ada' } },
  },
  initial: allFree,
  snapshots: { every: 200, codeVersion: 1 },
  evolve({ passengers }, { type, data: { passenger } }) {
    const others = passengers.filter((other) => other !== passenger);
    switch (type) {
      case 'SeatReserved':
        return { passengers: [...others, passenger] };
      case 'SeatReleased':
        return { passengers: others };
    }
  },
  // Only if two Regions have both been the home, as after a change of the Regions: who came last gives the seat back.
  reconcile: ({ passengers }) =>
    passengers.slice(CAPACITY).map((passenger) => ({ type: 'SeatReleased' as const, data: { passenger } })),
  commands: {
    reserve: {
      input: bookingSchema,
      decide({ passengers }, { passenger }, { id }) {
        if (passengers.includes(passenger)) return [];
        if (passengers.length >= CAPACITY)
          throw reject(`Flight ${id} is full: all ${CAPACITY} seats are reserved.`, { flight: id, seats: CAPACITY });
        return [{ type: 'SeatReserved', data: { passenger } }];
      },
    },
    release: {
      input: bookingSchema,
      decide: ({ passengers }, { passenger }) =>
        passengers.includes(passenger) ? [{ type: 'SeatReleased', data: { passenger } }] : [],
    },
  },
});

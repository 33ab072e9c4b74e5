import { defineStream, nextVersion } from '@meridian-es/meridian';
import * as z from 'zod';
import { airportCodeSchema } from './airports.ts';

const DAY = 24 * 60;

/** Minutes behind the timetable; negative: ahead of it. */
const delaySchema = z
  .int()
  .min(-DAY)
  .max(7 * DAY);

/** The first version of the reports: the delay without its cause. */
const departure1Schema = z.strictObject({
  airport: airportCodeSchema,
  delay: delaySchema,
  /** The scheduled departure, local time of the airport: `2001-01-01T06:55`. */
  scheduled: z.iso.datetime({ local: true, precision: -1 }).regex(/\d$/, 'is local time, without a zone'),
});

const departureSchema = departure1Schema.extend({
  /** Why it was late, in the words of the US on-time reports; absent: it was not late, or no cause was reported. */
  cause: z.enum(['carrier', 'weather', 'air-system', 'security', 'late-aircraft']).optional(),
});

const arrivalSchema = z.strictObject({ airport: airportCodeSchema, delay: delaySchema });

/** What is known of a flight: either half may be missing, as they come from two airports. */
export interface Flight {
  readonly departed?: z.output<typeof departureSchema>;
  readonly arrived?: z.output<typeof arrivalSchema>;
}

const unheardOf: Flight = {};

/**
 * A flight, as the airports at its two ends report it. Both may report at any time, in any Region, and may correct
 * themselves: of two reports on one half, the last one counts.
 */
export const flight = defineStream({
  type: 'flight',
  mode: 'merge',
  events: {
    Departed: nextVersion(
      {
        schemaVersion: 1,
        schema: departure1Schema,
        sample: { airport: 'LAX', delay: -19, scheduled: '2001-01-01T06:55' },
      },
      {
        schemaVersion: 2,
        schema: departureSchema,
        sample: { airport: 'LAX', delay: 42, scheduled: '2001-01-01T06:55', cause: 'weather' },
        upcast: (departed) => departed,
      },
    ),
    Arrived: { schemaVersion: 1, schema: arrivalSchema, sample: { airport: 'BNA', delay: -19 } },
  },
  initial: unheardOf,
  evolve(state, { type, data }) {
    switch (type) {
      case 'Departed':
        return { ...state, departed: data };
      case 'Arrived':
        return { ...state, arrived: data };
    }
  },
  /** The two halves have nothing to do with each other. */
  conflicts: (earlier, later) => earlier.type === later.type,
  commands: {
    depart: {
      input: departureSchema,
      decide: ({ departed: known }, data) =>
        known?.airport === data.airport &&
        known.delay === data.delay &&
        known.scheduled === data.scheduled &&
        known.cause === data.cause
          ? []
          : [{ type: 'Departed', data }],
    },
    arrive: {
      input: arrivalSchema,
      decide: ({ arrived: known }, data) =>
        known?.airport === data.airport && known.delay === data.delay ? [] : [{ type: 'Arrived', data }],
    },
  },
});

import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { APPEND, COMMAND } from '@meridian-es/meridian';
import * as z from 'zod';
import { flightId, isAirport, nearestRegion } from '../index.ts';

/** How many flights the files of vega-datasets hold. */
export const flightCounts = ['2k', '5k', '10k', '20k'] as const;
export type FlightCount = (typeof flightCounts)[number];

/** The file of US on-time flights of that size in the npm package vega-datasets. @throws Error when it is not installed */
export function flightsFile(count: FlightCount): string {
  // The package exports only its main entry, so its folder is found through its package.json.
  const manifest = findPackageJSON('vega-datasets', import.meta.url);
  if (!manifest) throw new Error('The package vega-datasets is not installed: run `npm ci`.');
  return join(dirname(manifest), 'data', `flights-${count}.json`);
}

/** A row of the file. */
export interface FlightRow {
  /** Its row in the file: 1 for the first one. */
  readonly row: number;
  /** Local time of the origin: `2001-01-01T06:55`. */
  readonly scheduled: string;
  /** Minutes. */
  readonly delay: number;
  readonly origin: string;
  readonly destination: string;
}

const airportSchema = z.string().refine(isAirport, { error: ({ input }) => `there is no airport ${input}` });
const rowSchema = z.object({
  date: z
    .string()
    .regex(/^\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}$/, 'must have the form 2001/01/01 06:55')
    .transform((date) => date.replaceAll('/', '-').replace(' ', 'T')),
  delay: z.int(),
  origin: airportSchema,
  destination: airportSchema,
});

/** Reads a file of flights. @throws Error when it is not an array of flights, with the number of the first row that is wrong */
export function readFlights(file: string): readonly FlightRow[] {
  return z
    .array(z.unknown(), `${basename(file)} has to be an array of flights`)
    .parse(JSON.parse(readFileSync(file, 'utf8')))
    .map((value, index) => {
      const row = index + 1;
      const { success, data, error } = rowSchema.safeParse(value);
      if (!success) throw new Error(`${basename(file)}, row ${row}: ${error.issues.map(faultOf).join('; ')}`);
      const { date: scheduled, delay, origin, destination } = data;
      return { row, scheduled, delay, origin, destination };
    });
}

function faultOf({ path, message }: z.core.$ZodIssue): string {
  return [...path, message].join(': ');
}

/** How many envelopes `putsOf` makes of one flight. */
export const PUTS_PER_FLIGHT = 3;

/** The entries for the bus of a Region. */
export interface Put {
  readonly region: string;
  readonly detailType: string;
  readonly detail: object;
}

/** The id of a row's flight. */
export function flightOf({ row, scheduled, origin, destination }: FlightRow): string {
  return flightId({ date: scheduled.slice(0, 10), origin, destination, row });
}

/** The passenger of the seat that is reserved on a row's flight. */
export function passengerOf({ row }: FlightRow): string {
  return `passenger-${row}`;
}

/**
 * The envelopes that the airports send for each flight, in the order of the file, generated on demand. The departure is
 * sent in the origin's Region. The arrival and a command to reserve a seat are sent in the destination's Region, although
 * the home of the seats is the origin's Region. The ids are derived from the file, so that sending it twice changes
 * nothing.
 */
export function* putsOf(flights: Iterable<FlightRow>, regions: readonly string[]): Generator<Put, void, undefined> {
  for (const flight of flights) {
    const { scheduled, delay, origin, destination } = flight;
    const id = flightOf(flight);
    const there = nearestRegion(destination, regions);
    yield {
      region: nearestRegion(origin, regions),
      detailType: APPEND,
      detail: {
        id: `${id}.departed`,
        stream: `flight/${id}`,
        events: [{ type: 'Departed', data: { airport: origin, delay, scheduled } }],
      },
    };
    yield {
      region: there,
      detailType: APPEND,
      detail: {
        id: `${id}.arrived`,
        stream: `flight/${id}`,
        events: [{ type: 'Arrived', data: { airport: destination, delay } }],
      },
    };
    yield {
      region: there,
      detailType: COMMAND,
      detail: {
        id: `${id}.reserve`,
        stream: `seats/${id}`,
        command: 'reserve',
        input: { passenger: passengerOf(flight) },
      },
    };
  }
}

import { subscriber } from '@meridian-es/meridian/lambda';
import * as z from 'zod';

/** A subscriber knows what was promised of the events, and not the code that decides them. */
const reportSchema = z.object({ airport: z.string() });

/** Flights on the bus → how many departures and arrivals every airport has reported. */
export const handler = subscriber({
  handle: ({ type, data }) =>
    type === 'Departed' || type === 'Arrived'
      ? [{ key: reportSchema.parse(data).airport, sums: { [type]: 1 } }]
      : undefined,
});

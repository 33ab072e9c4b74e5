import { subscriber } from '@meridian-es/meridian/lambda';
import * as z from 'zod';

/** A subscriber depends on the events' released schemas, not on the code that decides them. */
const reportSchema = z.object({ airport: z.string() });

/** Counts the departures and arrivals that each airport has reported. */
export const handler = subscriber({
  handle: ({ type, data }) =>
    type === 'Departed' || type === 'Arrived'
      ? [{ key: reportSchema.parse(data).airport, sums: { [type]: 1 } }]
      : undefined,
});

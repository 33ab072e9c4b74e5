import { subscriber } from '@meridian-es/meridian/lambda';
import * as z from 'zod';

/** A subscriber depends on the event's released form, not on the code that produces it. */
const takenSchema = z.object({ count: z.number() });

/**
 * Sends the warehouse a picking order for what was taken, in the Region of the warehouse. It is called again if the process ends
 * before its progress is recorded, so the warehouse deduplicates orders by `key`.
 */
export const handler = subscriber({
  handle: async ({ stream, type, data }, { key, region, environment }) => {
    if (type !== 'Taken') return;
    const { count } = takenSchema.parse(data);
    const order = { key, warehouse: region, stream, count };
    const { PICKING_URL: url } = environment;
    if (url === undefined) {
      process.stdout.write(`picking order ${JSON.stringify(order)}\n`);
      return;
    }
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(order),
    });
    // An event whose handling throws is retried.
    if (!response.ok) throw new Error(`The warehouse answered ${response.status}.`);
  },
});

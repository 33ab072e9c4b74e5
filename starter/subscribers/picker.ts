import { subscriber } from '@meridian-es/meridian/lambda';
import * as z from 'zod';

/** The part of the event that this subscriber uses. It depends on the event's schema, not on the code of the stream. */
const takenSchema = z.object({ count: z.number() });

/**
 * Sends the warehouse an order to pick what was taken. It runs in the Region of the warehouse. An event may be handled twice if the process
 * ends before its progress is recorded, so the receiver deduplicates orders by `key`.
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
    // If this throws, the event is redelivered.
    if (!response.ok) throw new Error(`The warehouse responded with status ${response.status}.`);
  },
});

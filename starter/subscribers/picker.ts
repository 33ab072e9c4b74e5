import { subscriber } from '@meridian-es/meridian/lambda';
import * as z from 'zod';

/** A subscriber reads what was promised of an event, not the code that decides it. */
const takenSchema = z.object({ count: z.number() });

/**
 * Sends the warehouse a picking order for what was taken, in the Region of the warehouse. It is called again if the process ends before its
 * progress is recorded: whoever receives the orders deduplicates them by their `key`.
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
    // What throws is tried again.
    if (!response.ok) throw new Error(`The warehouse answered ${response.status}.`);
  },
});

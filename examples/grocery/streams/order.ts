import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';
import { homeAtWarehouse } from './warehouses.ts';

const lineSchema = z.strictObject({
  /** `apples` */
  article: z.string().min(1).max(50),
  count: z.int().min(1),
  /** The price of one piece. */
  cents: z.int().min(1),
});

const placementSchema = z.strictObject({
  /** The id of the customer's wallet, which names the customer: `boardman.ada`. */
  customer: z.string().min(1).max(200),
  lines: z.array(lineSchema).min(1),
  /** The warehouse that delivers. */
  warehouse: z.string().min(1).max(50),
  /** The lines of the cart that it was placed from. */
  cartLines: z.array(z.string()).min(1),
});

const placedSchema = placementSchema.extend({
  /** When it was placed, in UTC. */
  at: z.iso.datetime(),
});

/** The state of an order. */
export interface Order {
  readonly placed?: z.output<typeof placedSchema>;
  readonly shipped: boolean;
}

const unknown: Order = { shipped: false };

/** An order, named after its cart, with its number there: `boardman.ada.1`. It is placed once and shipped once. */
export const order = defineStream({
  type: 'order',
  mode: 'home',
  home: homeAtWarehouse,
  events: {
    Placed: {
      schemaVersion: 1,
      schema: placedSchema,
      sample: {
        customer: 'boardman.ada',
        lines: [{ article: 'apples', count: 6, cents: 30 }],
        warehouse: 'columbus',
        cartLines: ['4711.0'],
        at: '2026-01-01T08:00:00.000Z',
      },
    },
    Shipped: { schemaVersion: 1, schema: z.strictObject({}), sample: {} },
  },
  initial: unknown,
  evolve(order, { type, data }) {
    switch (type) {
      case 'Placed':
        return { ...order, placed: data };
      case 'Shipped':
        return { ...order, shipped: true };
    }
  },
  commands: {
    place: {
      input: placementSchema,
      decide({ placed }, placement, { id, now }) {
        if (placed)
          throw reject(`Order ${id} was placed already, at ${placed.at}, from ${placed.warehouse}.`, { order: id });
        return [{ type: 'Placed', data: { ...placement, at: new Date(now).toISOString() } }];
      },
    },
    ship: {
      input: z.strictObject({}).default({}),
      decide({ placed, shipped }, _input, { id }) {
        if (!placed) throw reject(`There is no order ${id}.`, { order: id });
        return shipped ? [] : [{ type: 'Shipped', data: {} }];
      },
    },
  },
});

/** The total of an order, in cents. */
export function totalOf(lines: readonly z.output<typeof lineSchema>[]): number {
  return lines.reduce((sum, { count, cents }) => sum + count * cents, 0);
}

import { defineStream, defineView, reject } from '@meridian-es/meridian';
import * as z from 'zod';
import { homeAtWarehouse } from './warehouses.ts';

const piecesSchema = z.strictObject({ count: z.int().min(1).max(1_000_000) });
/** The price of one piece. */
const priceSchema = z.strictObject({ cents: z.int().min(1).max(1_000_000) });

/** The pieces of one article in one warehouse. */
export interface Stock {
  readonly count: number;
  /** The price of one piece; undefined: it is not for sale yet. */
  readonly cents?: number;
}

const none: Stock = { count: 0 };

/**
 * The stock of an article in a warehouse, `columbus.apples`. No piece may be sold twice, so one Region decides: the
 * Region of the warehouse.
 */
export const stock = defineStream({
  type: 'stock',
  mode: 'home',
  home: homeAtWarehouse,
  events: {
    Received: { schemaVersion: 1, schema: piecesSchema, sample: { count: 40 } },
    PriceSet: { schemaVersion: 1, schema: priceSchema, sample: { cents: 30 } },
    Taken: { schemaVersion: 1, schema: piecesSchema, sample: { count: 6 } },
  },
  initial: none,
  snapshots: { every: 200, codeVersion: 1 },
  evolve(stock, { type, data }) {
    switch (type) {
      case 'Received':
        return { ...stock, count: stock.count + data.count };
      case 'PriceSet':
        return { ...stock, cents: data.cents };
      case 'Taken':
        return { ...stock, count: stock.count - data.count };
    }
  },
  commands: {
    receive: { input: piecesSchema, decide: (_stock, data) => [{ type: 'Received', data }] },
    'set-price': {
      input: priceSchema,
      decide: ({ cents }, data) => (cents === data.cents ? [] : [{ type: 'PriceSet', data }]),
    },
    /** Takes pieces for an order, at the price that the customer has seen. */
    take: {
      input: piecesSchema.extend({ cents: priceSchema.shape.cents }),
      decide({ count, cents }, wanted, { id }) {
        if (cents !== wanted.cents)
          throw reject(`${id} costs ${cents ?? 'nothing yet'}, not ${wanted.cents}.`, { article: id, cents });
        if (wanted.count > count) throw reject(`Only ${count} of ${id} are left.`, { article: id, left: count });
        return [{ type: 'Taken', data: { count: wanted.count } }];
      },
    },
  },
});

/** What can be bought, by the id of the stock: the number of pieces left, and the price of one piece. */
export const forSale = defineView({
  name: 'for-sale',
  kind: 'rows',
  of: stock,
  row: ({ count, cents }) => (cents === undefined || count === 0 ? undefined : { count, cents }),
});

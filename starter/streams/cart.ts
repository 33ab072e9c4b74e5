import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';

const linesSchema = z.strictObject({ article: z.string().min(1), count: z.int().min(1) });

/** The number of pieces of each article. */
export type Cart = Readonly<Record<string, number>>;

const empty: Cart = {};

/**
 * A shopping cart, under the customer's id. Mode `merge`: every Region adds items at any time, even while it cannot reach the
 * others. Additions and removals can be applied in any order, so that no item is lost when two Regions change a cart at once.
 */
export const cart = defineStream({
  type: 'cart',
  mode: 'merge',
  events: {
    ItemAdded: { schemaVersion: 1, schema: linesSchema, sample: { article: 'lamp', count: 1 } },
    ItemRemoved: { schemaVersion: 1, schema: linesSchema, sample: { article: 'lamp', count: 1 } },
  },
  initial: empty,
  evolve: (items, { type, data: { article, count } }) => ({
    ...items,
    [article]: (items[article] ?? 0) + (type === 'ItemAdded' ? count : -count),
  }),
  commands: {
    add: { input: linesSchema, decide: (_items, data) => [{ type: 'ItemAdded', data }] },
    remove: {
      input: linesSchema,
      decide: (items, data) => {
        const there = items[data.article] ?? 0;
        if (data.count > there) throw reject(`There are only ${there} in the cart.`, { there });
        return [{ type: 'ItemRemoved', data }];
      },
    },
  },
});

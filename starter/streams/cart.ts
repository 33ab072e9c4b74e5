import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';

const linesSchema = z.strictObject({ article: z.string().min(1), count: z.int().min(1) });

/** The number of pieces of each article. */
export type Cart = Readonly<Record<string, number>>;

const empty: Cart = {};

/** An article may be named like a member that every object has, such as `constructor`. */
function countIn(items: Cart, article: string): number {
  return (Object.hasOwn(items, article) ? items[article] : undefined) ?? 0;
}

/**
 * A shopping cart; its id is the customer's. Mode `merge`: every Region accepts changes at any time, even if it cannot reach the
 * others. Additions and removals can be applied in any order, so no addition is lost when two Regions change a cart concurrently.
 * Two Regions that concurrently remove the last piece leave -1: a rule that must hold across Regions needs a `home` stream, like stock.
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
    [article]: countIn(items, article) + (type === 'ItemAdded' ? count : -count),
  }),
  commands: {
    add: { input: linesSchema, decide: (_items, data) => [{ type: 'ItemAdded', data }] },
    remove: {
      input: linesSchema,
      decide: (items, data) => {
        const there = countIn(items, data.article);
        if (data.count > there) throw reject(`Only ${there} in the cart.`, { there });
        return [{ type: 'ItemRemoved', data }];
      },
    },
  },
});

import { latestIn } from '@meridian-es/meridian';
import { defineUse, defineWorkload } from '@meridian-es/meridian/testing';
import * as z from 'zod';
import { cart } from './streams/cart.ts';
import { stock } from './streams/stock.ts';
import { wallet } from './streams/wallet.ts';
import { regionOfWarehouse, warehouses } from './streams/warehouses.ts';

/** The price of one piece, which never changes. */
const CENTS = 30;

const rowSchema = z.object({ count: z.number() }).optional();

/** An id that begins with the warehouse of a Region. @throws Error when the Region has none */
function atWarehouse(key: string, region: string): string {
  const warehouse = warehouses.find((one) => regionOfWarehouse(one) === region);
  if (warehouse === undefined) throw new Error(`There is no warehouse in ${region}.`);
  return `${warehouse}.${key}`;
}

/**
 * How `meridian record` uses carts, stock and wallets: a cart counts its pieces, as many as were added; stock and wallets have a balance
 * that is never negative. Orders are placed once, by checkouts only: no recording uses them.
 */
export const workload = defineWorkload({
  uses: {
    cart: defineUse(cart, {
      kind: 'counter',
      command: ({ amount }) => ({ command: 'add', input: { article: 'apples', count: amount } }),
      effect(event) {
        if (event.type !== 'Added') throw new Error(`No recording writes ${event.type}.`);
        return { do: 'add', amount: event.data.count };
      },
      state: ({ lines }) => [...latestIn(lines).values()].reduce((sum, { count }) => sum + count, 0),
    }),
    stock: defineUse(stock, {
      kind: 'balance',
      id: atWarehouse,
      // Only what has a price can be taken.
      first: [{ do: 'add', amount: 0 }],
      command({ amount }) {
        if (amount === 0) return { command: 'set-price', input: { cents: CENTS } };
        return amount > 0
          ? { command: 'receive', input: { count: amount } }
          : { command: 'take', input: { count: -amount, cents: CENTS } };
      },
      effect({ type, data }) {
        if (type === 'PriceSet') return { do: 'add', amount: 0 };
        return { do: 'add', amount: type === 'Received' ? data.count : -data.count };
      },
      state: ({ count }) => count,
    }),
    wallet: defineUse(wallet, {
      kind: 'balance',
      id: atWarehouse,
      command: ({ amount }, order) =>
        amount > 0
          ? { command: 'pay-in', input: { cents: amount } }
          : { command: 'spend', input: { cents: -amount, order } },
      effect: ({ type, data: { cents } }) => ({ do: 'add', amount: type === 'PaidIn' ? cents : -cents }),
      state: ({ cents }) => cents,
    }),
  },
  views: {
    // What is sold out has no row.
    'for-sale': { of: 'stock', shows: 'rows', value: (row) => rowSchema.parse(row)?.count ?? 0 },
  },
});

import { type Client, isClientError } from '@meridian-es/meridian/client';
import { articlesIn } from '../streams/cart.ts';
import { checkout, nextOrder } from '../streams/checkout.ts';
import type { domain } from '../streams/index.ts';

/** A client of the grocery, in any Region. */
export type GroceryClient = Client<typeof domain>;

/** The cart to check out, and how it is paid for. */
export interface CheckOut {
  /** The cart's id: `boardman.ada`. */
  readonly cart: string;
  /** The warehouse that delivers. */
  readonly warehouse: string;
  /** The id of the customer's wallet. */
  readonly customer: string;
  /** The timeout of the transaction, in seconds. @default 30 */
  readonly timeoutSeconds?: number;
}

/**
 * Checks a cart out, as the shop's backend does for a customer's click. It may be repeated at any time. If the outcome of an earlier
 * click is unknown, repeating the click returns that outcome. If the earlier click was aborted, for example for lack of
 * money, the cart is checked out as it is now. A cart is never charged twice, because its order is placed once. If
 * devices check one cart out from several warehouses at once, the order belongs to one of these warehouses, and each
 * device gets that order's id.
 * @returns the order's id
 * @throws MeridianError `rejected`: the cart cannot be ordered. ClientError `aborted`: this click ordered nothing, for the reason in the error;
 * any other code: if `maybeWritten`, the order may be placed
 */
export async function checkOut(
  shop: GroceryClient,
  { cart, warehouse, customer, timeoutSeconds }: CheckOut,
): Promise<string> {
  const { state: content } = await shop.stream('cart', cart).read();
  const order = nextOrder({ cart, content });
  const { placed } = (await shop.stream('order', order).read()).state;
  if (placed) {
    // An earlier call ended, or lost its connection, before it marked the cart.
    await shop.stream('cart', cart).command('mark-ordered', { order, lines: placed.cartLines });
    return order;
  }
  const prices = await pricesOf(shop, warehouse, Object.keys(articlesIn(content)));
  for (let attempt = 1; ; attempt++) {
    const { transaction, ordered } = checkout({ cart, content, warehouse, prices, customer, attempt });
    // An earlier click was aborted: a transaction with the same id would have the same outcome.
    if (await isAborted(shop, transaction.id)) continue;
    try {
      await shop.transact(transaction.participants, { id: transaction.id, timeoutSeconds });
    } catch (error) {
      // The id belongs to an earlier click, which had seen other items or prices.
      if (isClientError(error, 'id-reused')) continue;
      // Another click placed the order, and marks its lines.
      if (isClientError(error, 'aborted') && error.details.reason?.order === order) return order;
      throw error;
    }
    await shop.stream('cart', cart).command('mark-ordered', ordered);
    return order;
  }
}

async function isAborted(shop: GroceryClient, transaction: string): Promise<boolean> {
  try {
    return (await shop.transaction(transaction)).state === 'aborted';
  } catch (error) {
    if (isClientError(error, 'not-found')) return false;
    throw error;
  }
}

/** The price of one piece, by article, without articles that are not for sale. */
async function pricesOf(
  shop: GroceryClient,
  warehouse: string,
  articles: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const stocks = await Promise.all(
    articles.map(async (article) => {
      const { state } = await shop.stream('stock', `${warehouse}.${article}`).read();
      return state.cents === undefined ? [] : [[article, state.cents] as const];
    }),
  );
  return Object.fromEntries(stocks.flat());
}

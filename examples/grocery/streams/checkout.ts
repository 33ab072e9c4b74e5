import { reject } from '@meridian-es/meridian';
import { articlesIn, type Cart } from './cart.ts';
import { totalOf } from './order.ts';
import { regionOfWarehouse } from './warehouses.ts';

/** A transaction has at most 25 participants: the order, the wallet, and the articles. */
const MOST_ARTICLES = 20;

/** What a customer checks out. */
export interface Checkout {
  /** The cart's id: `boardman.ada`. */
  readonly cart: string;
  /** The state of the cart that the customer has seen. */
  readonly content: Cart;
  /** The warehouse that delivers. */
  readonly warehouse: string;
  /** The id of the customer's wallet: `boardman.ada`. */
  readonly customer: string;
  /** The price of one piece that the customer has seen, by article. */
  readonly prices: Readonly<Record<string, number>>;
  /** The number of the attempt: an aborted checkout is retried as another one. @default 1 */
  readonly attempt?: number;
}

/** The id of the order that the cart becomes next. */
export function nextOrder({ cart, content }: Pick<Checkout, 'cart' | 'content'>): string {
  return `${cart}.${content.orders.length + 1}`;
}

/**
 * The transaction that turns a cart into an order: every article is taken at the price that was shown, the money is spent and
 * the order is placed, or none of it. An order is named after its cart, with its number there. Devices that check a
 * cart out at the same moment therefore ask for the same order, which is placed once, even if their other choices
 * differ.
 * @returns the transaction, and the lines to mark as ordered once it is committed, so that lines added in the meantime
 * stay in the cart
 * @throws MeridianError `rejected`: the cart is empty or too full, an article has no price, or there is no such warehouse
 */
export function checkout({ cart, content, warehouse, customer, prices, attempt = 1 }: Checkout) {
  const region = regionOfWarehouse(warehouse);
  const articles = Object.entries(articlesIn(content));
  if (articles.length === 0) throw reject(`Cart ${cart} is empty.`, { cart });
  if (articles.length > MOST_ARTICLES)
    throw reject(`Cart ${cart} has ${articles.length} articles: order at most ${MOST_ARTICLES} at once.`, { cart });
  const order = nextOrder({ cart, content });
  const cartLines = Object.keys(content.lines);
  const lines = articles.map(([article, count]) => {
    const cents = Object.hasOwn(prices, article) ? prices[article] : undefined;
    if (cents === undefined) throw reject(`There is no price of ${article}.`, { article });
    return { article, count, cents };
  });
  return {
    transaction: {
      // Driven by the Region where most participants are at home. If the cart and the wallet are named after the
      // delivering warehouse too, the transaction is one request to that Region's database.
      id: `${region}:checkout-${order}-from-${warehouse}-${attempt}`,
      participants: [
        { stream: `order/${order}`, command: 'place', input: { customer, lines, warehouse, cartLines } },
        { stream: `wallet/${customer}`, command: 'spend', input: { cents: totalOf(lines), order } },
        ...lines.map(({ article, count, cents }) => {
          return { stream: `stock/${warehouse}.${article}`, command: 'take', input: { count, cents } } as const;
        }),
      ],
    },
    ordered: { order, lines: cartLines },
  } as const;
}

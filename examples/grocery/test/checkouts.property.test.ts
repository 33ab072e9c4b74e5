import { MeridianError } from '@meridian-es/meridian';
import { isClientError } from '@meridian-es/meridian/client';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOut } from '../shop/check-out.ts';
import { type Order, totalOf } from '../streams/order.ts';
import { warehouses } from '../streams/warehouses.ts';
import { aGrocery, type Grocery, REGIONS } from './a-grocery.ts';

/** The price of one piece, by article. */
const PRICES = { apples: 30, bread: 200, melon: 250 };
type Article = keyof typeof PRICES;
const ARTICLES = ['apples', 'bread', 'melon'] as const satisfies readonly Article[];
/** Pieces of each article, in each warehouse. */
const RECEIVED = 6;
const STOCKS = warehouses.flatMap((warehouse) =>
  ARTICLES.map((article) => ({ warehouse, article, id: `${warehouse}.${article}` })),
);
/** One customer near each warehouse. */
const CUSTOMERS = ['ashburn.ada', 'columbus.bob', 'boardman.cleo'] as const;
const PAID_IN = 1_000;

/** A device that checks the cart out. */
interface Click {
  /** Milliseconds after the cart was filled. */
  readonly after: number;
  readonly region: string;
  readonly warehouse: string;
}

/** A customer fills a cart and checks it out. */
interface Visit {
  /** Milliseconds after the start. */
  readonly at: number;
  readonly customer: (typeof CUSTOMERS)[number];
  readonly region: string;
  readonly counts: Readonly<Partial<Record<Article, number>>>;
  /** Each device chooses its own Region and warehouse. */
  readonly clicks: readonly Click[];
}

const click: fc.Arbitrary<Click> = fc.record({
  after: fc.integer({ min: 0, max: 600 }),
  region: fc.constantFrom(...REGIONS),
  warehouse: fc.constantFrom(...warehouses),
});
const visit: fc.Arbitrary<Visit> = fc
  .record({
    at: fc.integer({ min: 0, max: 1_000 }),
    customer: fc.constantFrom(...CUSTOMERS),
    region: fc.constantFrom(...REGIONS),
    counts: fc.record({
      apples: fc.constantFrom(0, 1, 3),
      bread: fc.constantFrom(0, 1, 2),
      melon: fc.constantFrom(0, 1, 4),
    }),
    clicks: fc.array(click, { minLength: 1, maxLength: 3 }),
  })
  .filter(({ counts }) => Object.values(counts).some((count) => count > 0));
const trouble = fc.record({
  seed: fc.integer(),
  duplicates: fc.constantFrom(0, 0.4),
  reorders: fc.boolean(),
  decisions: fc.constantFrom('strong' as const, 'eventual' as const),
  clockAhead: fc.constantFrom({}, { 'us-west-2': 3_000 }),
});

async function open(grocery: Grocery): Promise<void> {
  const shop = grocery.near('us-east-2', 'manager');
  for (const { id, article } of STOCKS) {
    await shop.stream('stock', id).command('receive', { count: RECEIVED });
    await shop.stream('stock', id).command('set-price', { cents: PRICES[article] });
  }
  for (const customer of CUSTOMERS) await shop.stream('wallet', customer).command('pay-in', { cents: PAID_IN });
}

/** Fills the cart and checks it out, on each device. @returns the orders that were reported to the devices */
async function perform(grocery: Grocery, visit: Visit, name: string): Promise<readonly string[]> {
  const { at, region, customer, counts, clicks } = visit;
  await grocery.sleep(at);
  const cart = cartOf(visit, name);
  const desk = grocery.near(region, name);
  for (const article of ARTICLES)
    if (counts[article]) await desk.stream('cart', cart).command('add', { article, count: counts[article] });
  const orders = await Promise.all(
    clicks.map(async ({ after, region, warehouse }, i) => {
      await grocery.sleep(after);
      return checkOut(grocery.near(region, `${name}-click-${i}`), { cart, warehouse, customer }).catch(refusal);
    }),
  );
  return orders.flat();
}

function cartOf({ customer }: Visit, name: string): string {
  return `${customer}.${name}`;
}

/** A refusal by the streams is an outcome; any other error is a fault. */
function refusal(error: unknown): readonly [] {
  // The cart is empty: its items have not reached this Region, or were ordered.
  if (error instanceof MeridianError && error.code === 'rejected') return [];
  if (!isClientError(error, 'aborted')) throw error;
  expect(error.details.reason).toMatchObject({ code: expect.stringMatching(/^(rejected|stream-busy)$/) });
  return [];
}

/** What a Region shows of everything, once nothing is in progress. */
async function booksIn(grocery: Grocery, region: string, carts: readonly string[]) {
  const shop = grocery.near(region, 'auditor');
  // A device orders at most once, so a cart has at most this many orders.
  const ids = carts.flatMap((cart) => [1, 2, 3].map((number) => `${cart}.${number}`));
  const read = async () => ({
    stocks: await Promise.all(STOCKS.map(({ id }) => shop.stream('stock', id).read())),
    wallets: await Promise.all(CUSTOMERS.map((each) => shop.stream('wallet', each).read())),
    orders: await Promise.all(ids.map((id) => shop.stream('order', id).read())),
    carts: await Promise.all(carts.map((cart) => shop.stream('cart', cart).read())),
    days: (await shop.view('orders-per-day').page()).rows,
  });
  const { stocks, wallets, orders, carts: left, days } = await grocery.during(read());
  return {
    stocks: STOCKS.map((stock, i) => ({ ...stock, left: stocks[i]?.state.count })),
    cents: Object.fromEntries(CUSTOMERS.map((customer, i) => [customer, wallets[i]?.state.cents])),
    placed: new Map(ids.flatMap((id, i) => placedAs(id, orders[i]?.state))),
    carts: new Map(carts.map((cart, i) => [cart, Object.keys(left[i]?.state.lines ?? {})])),
    days,
  };
}

function placedAs(id: string, order: Order | undefined) {
  return order?.placed ? [[id, order.placed] as const] : [];
}

async function property(visits: readonly Visit[], options: Parameters<typeof aGrocery>[0]): Promise<void> {
  const grocery = aGrocery(options);
  await grocery.during(open(grocery));
  // Every Region knows the prices.
  await grocery.settle();
  const reported = await grocery.during(Promise.all(visits.map((one, i) => perform(grocery, one, `visit-${i}`))));
  await grocery.settle();

  const cartIds = visits.map((visit, i) => cartOf(visit, `visit-${i}`));
  for (const region of REGIONS) {
    const { stocks, cents, placed, carts, days } = await booksIn(grocery, region, cartIds);
    // What was reported to a device was ordered, and what was ordered was reported.
    expect(new Set(reported.flat())).toEqual(new Set(placed.keys()));
    const orders = [...placed.values()];
    for (const { warehouse, article, id, left } of stocks) {
      const lines = orders.filter((order) => order.warehouse === warehouse).flatMap((order) => order.lines);
      const sold = lines.filter((line) => line.article === article).reduce((sum, { count }) => sum + count, 0);
      expect(left, id).toBe(RECEIVED - sold);
      expect(left).toBeGreaterThanOrEqual(0);
    }
    for (const customer of CUSTOMERS) {
      const spent = totalOf(orders.filter((order) => order.customer === customer).flatMap((order) => order.lines));
      expect(cents[customer]).toBe(PAID_IN - spent);
      expect(cents[customer]).toBeGreaterThanOrEqual(0);
    }
    // What was put into a cart is in it, or in one order.
    for (const [i, { counts }] of visits.entries()) {
      const cart = cartIds[i] ?? '';
      const ordered = [...placed].flatMap(([id, { cartLines }]) => (id.startsWith(`${cart}.`) ? cartLines : []));
      const lines = [...ordered, ...(carts.get(cart) ?? [])];
      expect(new Set(lines).size).toBe(lines.length);
      expect(lines).toHaveLength(ARTICLES.filter((article) => counts[article]).length);
    }
    const total = { orders: orders.length, cents: totalOf(orders.flatMap(({ lines }) => lines)) };
    expect(days).toEqual(orders.length > 0 ? [{ key: '2026-01-01', value: total }] : []);
  }
}

describe('checkouts from several Regions at once, each of which chooses its Region and warehouse', () => {
  it('never sell a piece, spend a cent or charge a cart twice, and every Region has the same books', {
    timeout: 240_000,
  }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 8 }), trouble, property), {
      numRuns: 30,
    });
  });
});

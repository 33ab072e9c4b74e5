import { isClientError } from '@meridian-es/meridian/client';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOut } from '../shop/check-out.ts';
import { totalOf } from '../streams/order.ts';
import { aGrocery, type Grocery, REGIONS } from './a-grocery.ts';

const WAREHOUSE = 'columbus';
/** What one piece costs. */
const PRICES = { apples: 30, bread: 200, melon: 250 };
type Article = keyof typeof PRICES;
const ARTICLES = ['apples', 'bread', 'melon'] as const satisfies readonly Article[];
/** Pieces of each. */
const RECEIVED = 6;
/** One near each warehouse. */
const CUSTOMERS = ['ashburn.ada', 'columbus.bob', 'boardman.cleo'] as const;
const PAID_IN = 1_000;

/** A customer fills a cart and checks it out. */
interface Visit {
  /** Milliseconds after the beginning. */
  readonly at: number;
  readonly customer: (typeof CUSTOMERS)[number];
  readonly region: string;
  readonly counts: Readonly<Partial<Record<Article, number>>>;
  /** The number of devices that check out at once. */
  readonly clicks: number;
}

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
    clicks: fc.constantFrom(1, 1, 2),
  })
  .filter(({ counts }) => Object.values(counts).some((count) => count > 0));
const trouble = fc.record({
  seed: fc.integer(),
  duplicates: fc.constantFrom(0, 0.4),
  reorders: fc.boolean(),
  decisions: fc.constantFrom('strong' as const, 'eventual' as const),
});

async function open(grocery: Grocery): Promise<void> {
  const shop = grocery.near('us-east-2', 'manager');
  for (const article of ARTICLES) {
    const stock = shop.stream('stock', `${WAREHOUSE}.${article}`);
    await stock.command('receive', { count: RECEIVED });
    await stock.command('set-price', { cents: PRICES[article] });
  }
  for (const customer of CUSTOMERS) await shop.stream('wallet', customer).command('pay-in', { cents: PAID_IN });
}

/** @returns the order's id; undefined when nothing was ordered */
async function perform(grocery: Grocery, visit: Visit, name: string): Promise<string | undefined> {
  const { at, region, customer, counts, clicks } = visit;
  await grocery.sleep(at);
  const shop = grocery.near(region, name);
  for (const article of ARTICLES)
    if (counts[article]) await shop.stream('cart', name).command('add', { article, count: counts[article] });
  const orders = await Promise.all(
    Array.from({ length: clicks }, () => checkOut(shop, { cart: name, warehouse: WAREHOUSE, customer }).catch(refusal)),
  );
  // A customer who clicks twice orders once.
  expect(new Set(orders).size).toBe(1);
  return orders[0];
}

/** A refusal by the streams is an outcome; any other error is a fault. */
function refusal(error: unknown): undefined {
  if (!isClientError(error, 'aborted')) throw error;
  expect(error.details.reason).toMatchObject({ code: expect.stringMatching(/^(rejected|stream-busy)$/) });
  return undefined;
}

/** What a Region shows of everything, once nothing is in progress. */
async function booksIn(grocery: Grocery, region: string, orders: readonly string[]) {
  const shop = grocery.near(region, 'auditor');
  const read = async () => ({
    stocks: await Promise.all(ARTICLES.map((each) => shop.stream('stock', `${WAREHOUSE}.${each}`).read())),
    wallets: await Promise.all(CUSTOMERS.map((each) => shop.stream('wallet', each).read())),
    orders: await Promise.all(orders.map((each) => shop.stream('order', each).read())),
    days: (await shop.view('orders-per-day').page()).rows,
  });
  const { stocks, wallets, orders: placed, days } = await grocery.during(read());
  return {
    left: Object.fromEntries(ARTICLES.map((article, i) => [article, stocks[i]?.state.count])),
    cents: Object.fromEntries(CUSTOMERS.map((customer, i) => [customer, wallets[i]?.state.cents])),
    placed: placed.flatMap(({ state }) => (state.placed ? [state.placed] : [])),
    days,
  };
}

async function property(visits: readonly Visit[], options: Parameters<typeof aGrocery>[0]): Promise<void> {
  const grocery = aGrocery(options);
  await grocery.during(open(grocery));
  // Every Region knows the prices.
  await grocery.settle();
  const answers = await grocery.during(Promise.all(visits.map((one, i) => perform(grocery, one, `visit-${i}`))));
  await grocery.settle();
  const orders = answers.filter((order) => order !== undefined);

  for (const region of REGIONS) {
    const { left, cents, placed, days } = await booksIn(grocery, region, orders);
    expect(placed).toHaveLength(orders.length);
    const lines = placed.flatMap((order) => order.lines);
    for (const article of ARTICLES) {
      const sold = lines.filter((line) => line.article === article).reduce((sum, { count }) => sum + count, 0);
      expect(left[article]).toBe(RECEIVED - sold);
      expect(left[article]).toBeGreaterThanOrEqual(0);
    }
    for (const customer of CUSTOMERS) {
      const spent = totalOf(placed.filter((order) => order.customer === customer).flatMap((order) => order.lines));
      expect(cents[customer]).toBe(PAID_IN - spent);
      expect(cents[customer]).toBeGreaterThanOrEqual(0);
    }
    const total = { orders: orders.length, cents: totalOf(lines) };
    expect(days).toEqual(orders.length > 0 ? [{ key: '2026-01-01', value: total }] : []);
  }
}

describe('checkouts from several Regions at once', () => {
  it('never sell a piece or spend a cent twice, and every Region has the same books', {
    timeout: 240_000,
  }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 8 }), trouble, property), {
      numRuns: 20,
    });
  });
});

import { client, isClientError } from '@meridian-es/meridian/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { describeWithLocalStack } from '../../../../test/localstack/describe-with-localstack.ts';
import { checkOut, type GroceryClient } from '../../shop/check-out.ts';
import type { domain } from '../../streams/index.ts';
import { totalOf } from '../../streams/order.ts';
import { regionOfWarehouse, warehouses } from '../../streams/warehouses.ts';
import { deployedRegions, type Listener, REGIONS, regionNamed } from './deployment.ts';

const CHECKOUTS = 40;
/** The number of checkouts in progress at a time; each keeps several functions busy. */
const AT_ONCE = 6;
const TEST_MS = 1_200_000;
/** Longer than the timeout of a transaction. */
const SETTLED = { timeout: 420_000, interval: 1_000 };
/** The longest timeout allowed: on a slow machine transactions should end by their decision, not by their deadline. */
const TIMEOUT_S = 240;

/** The stock of each warehouse: fewer pieces of the first article than the customers want. */
const SHELF = [
  { article: 'truffles', count: 7, cents: 700 },
  { article: 'apples', count: 500, cents: 30 },
] as const;
/** The customers' money, in turn: some cannot pay for everything that they want. */
const PAID_IN = [500, 3_000, 10_000, 50_000] as const;
const CUSTOMERS = 12;

/** Why a stream refused: the pieces left on the shelf, or the wallet that has too little. */
const reasonSchema = z.looseObject({ left: z.int().optional(), wallet: z.string().optional() });
const announcedSchema = z.object({ transaction: z.string() });
const mailsSchema = z.array(z.object({ mail: z.looseObject({ subject: z.string() }) }));

/** A customer's checkout. */
interface Visit {
  readonly cart: string;
  readonly warehouse: string;
  readonly customer: string;
  /** The Region where it is made. */
  readonly region: string;
  readonly truffles: number;
  readonly apples: number;
}

/** The outcome of a checkout, with the id of its transaction. */
type Outcome =
  | { readonly id: string; readonly state: 'committed'; readonly order: string }
  | { readonly id: string; readonly state: 'aborted'; readonly because: z.output<typeof reasonSchema> };

function nth<T>(list: readonly T[], index: number): T {
  return list[index % list.length] ?? expect.fail('the list is empty');
}

/** Calls a function for each item, several in parallel; the results are in the order of the list. */
async function forEach<T, A>(all: readonly T[], act: (one: T) => Promise<A>): Promise<readonly A[]> {
  const answers: A[] = [];
  const rest = all.entries();
  const work = async () => {
    for (const [index, one] of rest) answers[index] = await act(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

describeWithLocalStack('checkouts over streams of three Regions', (endpoint) => {
  const regions = deployedRegions(endpoint);
  /** Unique to this run. */
  const run = Date.now();
  let listeners: readonly Listener[];
  let outcomes: readonly Outcome[] = [];

  const customers = Array.from({ length: CUSTOMERS }, (_, i) => ({
    id: `${nth(warehouses, i)}.customer-${run}-${i}`,
    paidIn: nth(PAID_IN, Math.floor(i / warehouses.length)),
  }));
  const articleOf = (article: string) => `${article}-${run}`;
  const stocks = warehouses.flatMap((warehouse) =>
    SHELF.map((shelf) => ({ ...shelf, id: `${warehouse}.${articleOf(shelf.article)}` })),
  );
  const visits: readonly Visit[] = Array.from({ length: CHECKOUTS }, (_, i) => {
    // In a third of the checkouts, wallet and cart are at home in the Region of the warehouse; in the others, elsewhere.
    const customer = nth(customers, i * 5 + Math.floor(i / warehouses.length)).id;
    return {
      cart: `${customer.split('.', 1)[0]}.cart-${run}-${i}`,
      warehouse: nth(warehouses, i),
      customer,
      region: nth(REGIONS, Math.floor(i / 2)),
      truffles: i % 4 === 3 ? 0 : 1 + (i % 2),
      apples: 1 + (i % 3),
    };
  });
  const near = (region: string): GroceryClient =>
    client<typeof domain>({
      endpoints: Object.fromEntries(REGIONS.map((name) => [name, `http://${name}`])),
      region,
      fetch: async (url, { method, headers, body }) => {
        const { hostname, pathname, search } = new URL(url);
        const { status, body: answer } = await regionNamed(regions, hostname).request({
          method: method === 'POST' ? 'POST' : 'GET',
          path: `${pathname}${search}`,
          headers,
          body: body === undefined ? undefined : JSON.parse(body),
        });
        return { status, text: async () => JSON.stringify(answer) };
      },
    });

  /** Fills a cart and checks it out. */
  const visit = async ({ cart, warehouse, customer, region, ...counts }: Visit): Promise<Outcome> => {
    const shop = near(region);
    for (const { article } of SHELF)
      if (counts[article] > 0)
        await shop.stream('cart', cart).command('add', { article: articleOf(article), count: counts[article] });
    const id = `${regionOfWarehouse(warehouse)}:checkout-${cart}.1-from-${warehouse}-1`;
    try {
      const order = await checkOut(shop, { cart, warehouse, customer, timeoutSeconds: TIMEOUT_S });
      return { id, state: 'committed', order };
    } catch (error) {
      if (!isClientError(error, 'aborted')) throw error;
      expect(error.details.id).toBe(id);
      expect(error.details.reason?.code).toBe('rejected');
      return { id, state: 'aborted', because: reasonSchema.parse(error.details.reason) };
    }
  };

  const committed = () => outcomes.filter((one) => one.state === 'committed');
  const placedIn = async (region: string) =>
    (await forEach(committed(), ({ order }) => near(region).stream('order', order).read())).flatMap(({ state }) =>
      state.placed ? [state.placed] : [],
    );

  /** The outcomes that a Region's bus announced, by transaction id. */
  const heardBy = async (listener: Listener): Promise<ReadonlyMap<string, string>> =>
    new Map(
      (await listener.heard()).map((message) => [
        announcedSchema.parse(message.detail).transaction,
        message['detail-type'],
      ]),
    );

  beforeAll(async () => {
    listeners = await Promise.all(regions.map((region) => region.listen('transactions', { source: ['meridian.tx'] })));
    await forEach(stocks, async ({ id, count, cents }) => {
      const stock = near(regionOfWarehouse(id.split('.', 1)[0] ?? '')).stream('stock', id);
      await stock.command('receive', { count });
      const { version } = await stock.command('set-price', { cents });
      // Every Region knows the price before customers come.
      for (const region of REGIONS)
        await vi.waitFor(
          async () => expect((await near(region).stream('stock', id).read()).version).toBe(version),
          SETTLED,
        );
    });
    await forEach(customers, ({ id, paidIn }) =>
      near('us-east-1').stream('wallet', id).command('pay-in', { cents: paidIn }),
    );
  }, TEST_MS);
  afterAll(() => Promise.all(listeners.map((listener) => listener.close())));

  it(`of ${CHECKOUTS} carts from every Region at once never sell a piece or spend a cent twice`, {
    timeout: TEST_MS,
  }, async () => {
    outcomes = await forEach(visits, visit);
    const placed = await placedIn('us-east-1');
    expect(placed).toHaveLength(committed().length);

    await forEach(stocks, async ({ id, count }) => {
      const [warehouse = '', article = ''] = id.split('.');
      const lines = placed.filter((order) => order.warehouse === warehouse).flatMap((order) => order.lines);
      const sold = lines.filter((line) => line.article === article).reduce((sum, line) => sum + line.count, 0);
      const { state } = await near(regionOfWarehouse(warehouse)).stream('stock', id).read();
      expect(state.count, id).toBe(count - sold);
      expect(state.count).toBeGreaterThanOrEqual(0);
    });
    await forEach(customers, async ({ id, paidIn }) => {
      const home = regionOfWarehouse(id.split('.', 1)[0] ?? '');
      const spent = totalOf(placed.filter(({ customer }) => customer === id).flatMap(({ lines }) => lines));
      const { state } = await near(home).stream('wallet', id).read();
      expect(state.cents, id).toBe(paidIn - spent);
      expect(state.cents).toBeGreaterThanOrEqual(0);
    });
  });

  it('abort where the shelf or the wallet holds too little, and commit in one Region and across several', () => {
    const reasons = outcomes.flatMap((one) => (one.state === 'aborted' ? [one.because] : []));
    expect(reasons.filter(({ left }) => left !== undefined)).not.toEqual([]);
    expect(reasons.filter(({ wallet }) => wallet !== undefined)).not.toEqual([]);
    const bought = visits.filter((_, i) => outcomes[i]?.state === 'committed');
    const inOneRegion = bought.filter(({ warehouse, customer }) => customer.startsWith(`${warehouse}.`));
    expect(inOneRegion.length).toBeGreaterThan(0);
    expect(bought.length - inOneRegion.length).toBeGreaterThan(0);
  });

  it('leave no intent behind', { timeout: TEST_MS }, async () => {
    const prepared = async () => (await nth(regions, 0).intents()).filter(({ state }) => state === 'prepared');
    await vi.waitFor(async () => expect(await prepared()).toEqual([]), SETTLED);
  });

  it('are the same for every Region: orders, stocks, wallets, and what is left in the carts', {
    timeout: TEST_MS,
  }, async () => {
    const books = (region: string) => {
      const shop = near(region);
      return Promise.all([
        placedIn(region),
        forEach(stocks, async ({ id }) => (await shop.stream('stock', id).read()).state),
        forEach(customers, async ({ id }) => (await shop.stream('wallet', id).read()).state),
        forEach(visits, async ({ cart }) => (await shop.stream('cart', cart).read()).state),
      ]);
    };
    await vi.waitFor(async () => {
      const [first, ...others] = await Promise.all(REGIONS.map(books));
      for (const other of others) expect(other).toEqual(first);
      const carts = first?.[3] ?? [];
      // What was ordered left its cart, and nothing else did.
      expect(carts.map(({ lines, orders }) => [Object.keys(lines).length === 0, orders.length])).toEqual(
        outcomes.map(({ state }) => (state === 'committed' ? [true, 1] : [false, 0])),
      );
    }, SETTLED);
  });

  it('have the same outcome when they are queried in another Region', { timeout: TEST_MS }, async () => {
    const some = outcomes.filter((_, i) => i % 5 === 0);
    const asked = await forEach(some, ({ id }) =>
      near(nth(REGIONS, REGIONS.findIndex((region) => id.startsWith(region)) + 1)).transaction(id),
    );
    expect(asked.map(({ id, state }) => ({ id, state }))).toEqual(some.map(({ id, state }) => ({ id, state })));
  });

  it("announce their outcomes on every Region's bus", { timeout: TEST_MS }, async () => {
    const expected = new Map(
      outcomes.map(({ id, state }) => [id, state === 'committed' ? 'TransactionCommitted' : 'TransactionAborted']),
    );
    await vi.waitFor(
      async () => {
        for (const listener of listeners) {
          const heard = await heardBy(listener);
          expect(new Map([...expected.keys()].map((id) => [id, heard.get(id)]))).toEqual(expected);
        }
      },
      { ...SETTLED, interval: 2_000 },
    );
  });

  it('are mailed once each', { timeout: TEST_MS }, async () => {
    await vi.waitFor(async () => {
      const answer = await fetch(process.env.MERIDIAN_LOCALSTACK_MAILS ?? '');
      const subjects = mailsSchema.parse(await answer.json()).map(({ mail }) => mail.subject);
      expect(subjects.filter((subject) => subject.includes(`.cart-${run}-`)).toSorted()).toEqual(
        committed()
          .map(({ order }) => `Your order ${order}`)
          .toSorted(),
      );
    }, SETTLED);
  });

  it('run when they are put on the bus', { timeout: TEST_MS }, async () => {
    const id = `us-east-1:gift-${run}`;
    const participants = [nth(customers, 0), nth(customers, 2)].map((customer) => ({
      stream: `wallet/${customer.id}`,
      command: 'pay-in',
      input: { cents: 100 },
    }));
    await regionNamed(regions, 'us-west-2').put([
      { source: 'loyalty', detailType: 'meridian.transact', detail: JSON.stringify({ id, participants }) },
    ]);
    await vi.waitFor(async () => {
      for (const listener of listeners) expect((await heardBy(listener)).get(id)).toBe('TransactionCommitted');
    }, SETTLED);
  });

  it('are aborted at their deadline when no driver and no reader touches them', { timeout: TEST_MS }, async () => {
    const stream = `wallet/boardman.orphan-${run}`;
    const transaction = `us-east-1:orphan-${run}`;
    const home = regionNamed(regions, regionOfWarehouse('boardman'));
    const answer = await home.invoke('participant', {
      step: 'prepare',
      transaction,
      attempt: 1,
      fingerprint: 'of nobody',
      deadline: Date.now() + 20_000,
      meta: {},
      participant: { stream, operation: { kind: 'command', command: 'pay-in', input: { cents: 100 } } },
    });
    expect(answer).toMatchObject({ kind: 'prepared', stream });
    const intent = async () => (await nth(regions, 0).intents()).find((one) => one.stream === stream);
    expect(await intent()).toMatchObject({ state: 'prepared' });
    // Reads only the tables and the bus: reading the stream would finish the transaction.
    await vi.waitFor(async () => {
      expect(await intent()).toMatchObject({ state: 'aborted' });
      for (const listener of listeners) expect((await heardBy(listener)).get(transaction)).toBe('TransactionAborted');
    }, SETTLED);
    expect((await home.request({ path: `/streams/${stream}` })).body).toMatchObject({ state: { cents: 0 } });
  });
});

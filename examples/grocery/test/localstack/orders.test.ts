import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { describeWithLocalStack } from '../../../../test/localstack/describe-with-localstack.ts';
import { warehouses } from '../../streams/warehouses.ts';
import {
  type BusMessage,
  type DeployedRegion,
  deployedRegions,
  type Listener,
  REGIONS,
  regionNamed,
} from './deployment.ts';

const ORDERS = 90;
/**
 * A message that a function did not finish in time, on a slow machine, is invisible for six minutes before it is
 * redelivered. Every check of the views makes dozens of requests, which slow down the work that the test waits for.
 */
const SETTLED = { timeout: 420_000, interval: 3_000 };
const TEST_MS = 900_000;

const rowSchema = z.object({ value: z.object({ orders: z.int(), cents: z.int() }).optional() });
const mailsSchema = z.array(z.object({ key: z.string(), mail: z.looseObject({ subject: z.string() }) }));

/** Every envelope, with the Region whose bus it is put on. */
interface Put {
  readonly region: string;
  readonly detailType: 'meridian.append';
  readonly detail: { readonly id: string; readonly stream: string };
}

describeWithLocalStack('orders of an earlier day that tills put on the buses of three Regions', (endpoint) => {
  const regions = deployedRegions(endpoint);
  /** Unique to this run. */
  const run = Date.now();
  /** A day in the past, unlikely to be another run's: the tills were offline that day. */
  const at = new Date((run % 18_000) * 86_400_000).toISOString();
  const orders = Array.from({ length: ORDERS }, (_, i) => `${warehouses[i % warehouses.length]}.till-${run}.${i}`);
  const centsOf = (i: number) => 10 + i;
  const puts: readonly Put[] = orders.map((order, i) => ({
    // The Region whose bus receives an order is not always the order's home.
    region: REGIONS[Math.floor(i / 2) % REGIONS.length] ?? '',
    detailType: 'meridian.append',
    detail: {
      id: `${order}.placed`,
      stream: `order/${order}`,
      events: [
        {
          type: 'Placed',
          data: {
            customer: 'boardman.ada',
            lines: [{ article: 'apples', count: 2, cents: centsOf(i) }],
            warehouse: 'boardman',
            cartLines: [`${i}.0`],
            at,
          },
        },
      ],
    },
  }));
  const total = { orders: ORDERS, cents: orders.reduce((sum, _, i) => sum + 2 * centsOf(i), 0) };
  let listeners: readonly Listener[];
  let published: readonly Listener[];

  beforeAll(async () => {
    listeners = await Promise.all(regions.map((region) => region.listen('outcomes', { source: ['meridian.receipt'] })));
    published = await Promise.all(regions.map((region) => region.listen('orders', { source: ['meridian.order'] })));
  });
  afterAll(() => Promise.all([...listeners, ...published].map((listener) => listener.close())));

  const putAll = () =>
    Promise.all(
      regions.map((region) =>
        region.put(
          puts
            .filter((put) => put.region === region.name)
            .map(({ detailType, detail }) => ({ source: 'till', detailType, detail: JSON.stringify(detail) })),
        ),
      ),
    );

  /** How often each outcome was reported for these envelopes. */
  const outcomes = async () => {
    const ids = new Set(puts.map(({ detail }) => detail.id));
    const heard = (await Promise.all(listeners.map((listener) => listener.heard()))).flat();
    const ours = heard.filter(({ detail }) => ids.has(z.object({ id: z.string() }).parse(detail).id));
    return Object.fromEntries(
      Object.entries(Object.groupBy(ours, (message) => message['detail-type'])).map(([type, all]) => [
        type,
        all?.length,
      ]),
    );
  };

  /** What each Region shows of that day. */
  const totals = () =>
    Promise.all(
      regions.map(async (region) => {
        const { body } = await region.request({ path: `/views/orders-per-day/${at.slice(0, 10)}` });
        return rowSchema.parse(body).value;
      }),
    );

  const commits = () => {
    const streams = new Set(puts.map(({ detail }) => detail.stream));
    return Promise.all(regions.map((region) => region.countOf(streams)));
  };

  /** The subjects of the mails about these orders, one for each request to the mail service. */
  const mailed = async (): Promise<readonly string[]> => {
    const answer = await fetch(process.env.MERIDIAN_LOCALSTACK_MAILS ?? '');
    const mails = mailsSchema.parse(await answer.json());
    return mails
      .map(({ mail }) => mail.subject)
      .filter((subject) => subject.includes(`.till-${run}.`))
      .toSorted();
  };
  const oneMailEach = orders.map((order) => `Your order ${order}`).toSorted();

  it("are all accepted, and every Region's view shows their totals", { timeout: TEST_MS }, async () => {
    await putAll();
    await vi.waitFor(async () => expect(await outcomes()).toEqual({ Accepted: ORDERS }), SETTLED);
    await vi.waitFor(async () => expect(await totals()).toEqual(REGIONS.map(() => total)), SETTLED);
  });

  it('are mailed once each, although every Region has the mailer', { timeout: TEST_MS }, async () => {
    await vi.waitFor(async () => expect(await mailed()).toEqual(oneMailEach), SETTLED);
    for (const region of regions) expect(await region.depth('mailer')).toBeDefined();
  });

  it('are not mailed again when their events are redelivered', { timeout: TEST_MS }, async () => {
    const heard = await Promise.all(published.map((listener) => listener.heard()));
    await deliverAgain(regionNamed(regions, 'us-east-1'), heard[0]?.slice(0, 50) ?? []);
    expect(await mailed()).toEqual(oneMailEach);
  });

  /** Redelivers events, as the bus may at any time: it delivers at least once. Waits until the mailer has handled them. */
  const deliverAgain = async (region: DeployedRegion, messages: readonly BusMessage[]) => {
    expect(messages).toHaveLength(50);
    const { inFlight } = await region.depth('mailer');
    await region.put(
      messages.map(({ source, 'detail-type': detailType, detail }) => ({
        source,
        detailType,
        detail: JSON.stringify(detail),
      })),
    );
    await vi.waitFor(async () => {
      const now = await region.depth('mailer');
      expect(now.waiting).toBe(0);
      expect(now.inFlight).toBeLessThanOrEqual(inFlight);
    }, SETTLED);
  };

  it('change nothing when they are all sent again', { timeout: TEST_MS }, async () => {
    await vi.waitFor(async () => expect(await commits()).toEqual(REGIONS.map(() => ORDERS)), SETTLED);
    await putAll();
    await vi.waitFor(async () => expect(await outcomes()).toEqual({ Accepted: 2 * ORDERS }), SETTLED);
    expect(await commits()).toEqual(REGIONS.map(() => ORDERS));
    expect(await totals()).toEqual(REGIONS.map(() => total));
    expect(await mailed()).toEqual(oneMailEach);
  });
});

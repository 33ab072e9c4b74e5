import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import {
  type Booking,
  booking,
  bookingRegion,
  CAPACITY,
  flightId,
  nearestRegion,
  priceOf,
} from '../../examples/flights/index.ts';
import { type DeployedRegion, deployedRegions, type Listener, REGIONS, regionNamed } from './deployment.ts';
import { describeWithLocalStack } from './describe-with-localstack.ts';

const BOOKINGS = 100;
/** Each of them is several functions at work. */
const AT_ONCE = 6;
const TEST_MS = 1_200_000;
/** Longer than the time-out of a transaction. */
const SETTLED = { timeout: 420_000, interval: 1_000 };
/** As much as one may have: on a slow machine they are to end by what they find, not by their time. */
const TIMEOUT_S = 240;
/** Two near each Region. */
const AIRPORTS = ['LAX', 'SEA', 'ORD', 'BNA', 'JFK', 'BOS'] as const;
/** For the first ones there are more passengers than seats. */
const [BUSY_FLIGHTS, QUIET_FLIGHTS] = [10, 15];
const MEMBERS = 24;
/** What members have, in turn: some cannot pay for any flight, some not for all of theirs. */
const EARNED = [50, 3_000, 6_000, 20_000] as const;

const reasonSchema = z.looseObject({ code: z.string(), seats: z.number().optional(), balance: z.number().optional() });
const outcomeSchema = z.discriminatedUnion('state', [
  z.object({ id: z.string(), state: z.literal('committed'), participants: z.array(z.object({ stream: z.string() })) }),
  z.object({ id: z.string(), state: z.literal('aborted'), reason: reasonSchema, participant: z.string().optional() }),
]);
type Outcome = z.output<typeof outcomeSchema>;
/** A 409's body is a problem document, which tells no `state`. */
const abortSchema = z.object({
  code: z.literal('aborted'),
  id: z.string(),
  reason: reasonSchema,
  participant: z.string().optional(),
});
const announcedSchema = z.object({ transaction: z.string() });
const seatsAnswerSchema = z.object({ state: z.object({ passengers: z.array(z.string()) }) });
const milesAnswerSchema = z.object({ state: z.object({ balance: z.int(), paid: z.record(z.string(), z.int()) }) });

interface Planned extends Booking {
  readonly id: string;
  /** The Region that it is sent to. */
  readonly at: DeployedRegion;
}

function nth<T>(list: readonly T[], index: number): T {
  return list[index % list.length] ?? expect.fail('the list is empty');
}

/** Does it for each, some at once; the answers are in the order of the list. */
async function forEach<T, A>(all: readonly T[], act: (one: T) => Promise<A>): Promise<readonly A[]> {
  const answers: A[] = [];
  const rest = all.entries();
  const work = async () => {
    for (const [index, one] of rest) answers[index] = await act(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

describeWithLocalStack('transactions over streams of three Regions', (endpoint) => {
  const regions = deployedRegions(endpoint);
  const homeOf = (airport: string): DeployedRegion => regionNamed(regions, nearestRegion(airport, REGIONS));
  /** No other run has it. */
  const run = Date.now();
  let listeners: readonly Listener[];
  let outcomes: ReadonlyMap<string, Outcome> = new Map();

  const flights = Array.from({ length: BUSY_FLIGHTS + QUIET_FLIGHTS }, (_, i) =>
    flightId({
      date: '2001-01-01',
      origin: nth(AIRPORTS, i),
      destination: nth(AIRPORTS, i + 1 + (i % (AIRPORTS.length - 1))),
      row: run * 100 + i,
    }),
  );
  const members = Array.from({ length: MEMBERS }, (_, i) => ({
    id: `${nth(AIRPORTS, i)}.member-${run}-${i}`,
    airport: nth(AIRPORTS, i),
    earned: nth(EARNED, Math.floor(i / AIRPORTS.length)),
  }));
  /** Nobody books a flight twice. */
  const plan: readonly Planned[] = Array.from({ length: BOOKINGS }, (_, i) => {
    const flight = nth(flights, i < 70 ? i % BUSY_FLIGHTS : BUSY_FLIGHTS + (i % QUIET_FLIGHTS));
    const member = nth(members, i * 7).id;
    // Mostly where the seats are at home, as it should be; some are driven by a Region that neither of the streams is in.
    const driving = i % 4 === 0 ? nth(REGIONS, i / 4) : bookingRegion({ flight, member }, REGIONS);
    return { flight, member, id: `${driving}:booking-${run}-${i}`, at: nth(regions, i) };
  });

  const elsewhere = ({ at }: Planned): DeployedRegion => nth(regions, regions.indexOf(at) + 1);

  /** Sends a booking and sees what becomes of it. */
  const book = async (planned: Planned, at: DeployedRegion): Promise<Outcome> => {
    const { id } = planned;
    const { status, body } = await at.request({
      method: 'POST',
      path: '/transactions',
      headers: { Prefer: 'wait=20' },
      body: { id, participants: booking(planned), timeoutSeconds: TIMEOUT_S },
    });
    switch (status) {
      case 200:
        return outcomeSchema.parse(body);
      case 409: {
        const { code: _code, ...aborted } = abortSchema.parse(body);
        return { ...aborted, state: 'aborted' };
      }
      case 202:
        return vi.waitFor(() => lookUp(planned, at), SETTLED);
      default:
        return expect.fail(`${id} was answered ${status}: ${JSON.stringify(body)}`);
    }
  };

  const lookUp = async ({ id }: Planned, at: DeployedRegion): Promise<Outcome> =>
    outcomeSchema.parse((await at.request({ path: `/transactions/${id}` })).body);

  const all = () => [...outcomes.values()];
  const outcomeOf = ({ id }: Planned): Outcome => outcomes.get(id) ?? expect.fail(`${id} was not sent`);
  const isCommitted = (planned: Planned): boolean => outcomeOf(planned).state === 'committed';
  const prepared = async () => (await nth(regions, 0).intents()).filter(({ state }) => state === 'prepared');

  /** What a Region's bus told of transactions, by their ids. */
  const heardBy = async (listener: Listener): Promise<ReadonlyMap<string, string>> =>
    new Map(
      (await listener.heard()).map((message) => [
        announcedSchema.parse(message.detail).transaction,
        message['detail-type'],
      ]),
    );

  beforeAll(async () => {
    listeners = await Promise.all(regions.map((region) => region.listen('transactions', { source: ['meridian.tx'] })));
    await forEach(members, async ({ id, airport, earned }) => {
      const answer = await homeOf(airport).request({
        method: 'POST',
        path: `/streams/miles/${id}/commands/earn`,
        body: { miles: earned },
      });
      expect(answer).toMatchObject({ status: 200 });
    });
  });
  afterAll(() => Promise.all(listeners.map((listener) => listener.close())));

  it('book 100 seats for miles from every Region at once: each of them both or neither', {
    timeout: TEST_MS,
  }, async () => {
    const answers = await forEach(plan, (planned) => book(planned, planned.at));
    outcomes = new Map(answers.map((one) => [one.id, one]));
    expect(outcomes.size).toBe(BOOKINGS);

    await forEach(flights, async (flight) => {
      const { state } = seatsAnswerSchema.parse(
        (await homeOf(flight.slice(11, 14)).request({ path: `/streams/seats/${flight}` })).body,
      );
      const committed = plan.filter((planned) => planned.flight === flight && isCommitted(planned));
      expect(state.passengers.toSorted(), flight).toEqual(committed.map(({ member }) => member).sort());
      expect(state.passengers.length).toBeLessThanOrEqual(CAPACITY);
    });
    await forEach(members, async ({ id, airport, earned }) => {
      const { state } = milesAnswerSchema.parse((await homeOf(airport).request({ path: `/streams/miles/${id}` })).body);
      const committed = plan.filter((planned) => planned.member === id && isCommitted(planned));
      expect(state.paid, id).toEqual(Object.fromEntries(committed.map(({ flight }) => [flight, priceOf(flight)])));
      expect(state.balance).toBe(earned - committed.reduce((sum, { flight }) => sum + priceOf(flight), 0));
      expect(state.balance).toBeGreaterThanOrEqual(0);
    });
  });

  it('abort those who find no seat or have too few miles, and commit in one Region and in several', () => {
    const reasons = all().flatMap((one) => (one.state === 'aborted' ? one.reason : []));
    expect(reasons.filter(({ seats }) => seats === CAPACITY)).not.toEqual([]);
    expect(reasons.filter(({ balance }) => balance !== undefined)).not.toEqual([]);
    const committed = plan.filter(isCommitted);
    const inOneRegion = committed.filter(
      ({ id, flight, member }) =>
        new Set([id.split(':')[0], bookingRegion({ flight, member }, REGIONS), homeOf(member.slice(0, 3)).name])
          .size === 1,
    );
    expect(inOneRegion.length).toBeGreaterThan(0);
    expect(committed.length - inOneRegion.length).toBeGreaterThan(0);
  });
  it('leave no intent behind', { timeout: TEST_MS }, async () => {
    await vi.waitFor(async () => expect(await prepared()).toEqual([]), SETTLED);
  });

  it('have the same outcome when they are sent again or asked for in another Region', {
    timeout: TEST_MS,
  }, async () => {
    const some = plan.filter((_, i) => i % 5 === 0);
    expect(await forEach(some, (planned) => book(planned, elsewhere(planned)))).toEqual(some.map(outcomeOf));
    expect(await forEach(some, (planned) => lookUp(planned, elsewhere(planned)))).toEqual(some.map(outcomeOf));
  });

  it("announce their outcomes on every Region's bus", { timeout: TEST_MS }, async () => {
    const expected = new Map(
      all().map(({ id, state }) => [id, state === 'committed' ? 'TransactionCommitted' : 'TransactionAborted']),
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

  it('run when they are put on the bus', { timeout: TEST_MS }, async () => {
    const [from, to] = [nth(members, 0), nth(members, 2)];
    const id = `us-east-1:gift-${run}`;
    const earn = ({ id: member }: { readonly id: string }) => ({
      stream: `miles/${member}`,
      command: 'earn',
      input: { miles: 100 },
    });
    await regionNamed(regions, 'us-west-2').put([
      {
        source: 'loyalty',
        detailType: 'meridian.transact',
        detail: JSON.stringify({ id, participants: [earn(from), earn(to)] }),
      },
    ]);
    await vi.waitFor(async () => {
      for (const listener of listeners) expect((await heardBy(listener)).get(id)).toBe('TransactionCommitted');
    }, SETTLED);
  });

  it('are aborted at their deadline when nobody drives them and nobody looks', { timeout: TEST_MS }, async () => {
    const member = `LAX.orphan-${run}`;
    const stream = `miles/${member}`;
    const transaction = `us-east-1:orphan-${run}`;
    const answer = await homeOf('LAX').invoke('participant', {
      step: 'prepare',
      transaction,
      attempt: 1,
      fingerprint: 'of nobody',
      deadline: Date.now() + 20_000,
      meta: {},
      participant: { stream, operation: { kind: 'command', command: 'earn', input: { miles: 100 } } },
    });
    expect(answer).toMatchObject({ kind: 'prepared', stream });
    const intent = async () => (await nth(regions, 0).intents()).find((one) => one.stream === stream);
    expect(await intent()).toMatchObject({ state: 'prepared' });
    // Only the tables and the bus are looked at: a reader of the stream would finish it.
    await vi.waitFor(async () => {
      expect(await intent()).toMatchObject({ state: 'aborted' });
      for (const listener of listeners) expect((await heardBy(listener)).get(transaction)).toBe('TransactionAborted');
    }, SETTLED);
    expect((await homeOf('LAX').request({ path: `/streams/${stream}` })).body).toMatchObject({ state: { balance: 0 } });
  });
});

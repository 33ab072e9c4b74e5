import type { World } from '@meridian-es/meridian/world';
import { functionUrlEvent, realScheduler, type Scheduler } from '@meridian-es/meridian/world';
import * as z from 'zod';
import { CAPACITY } from '../index.ts';
import { type Booked, each, outcomeIn, outcomeOf, sendBooking } from './book.ts';
import { type RegionFigures, type Sold, soldBy, violationsOf } from './booking-figures.ts';
import type { BookingPlan } from './booking-plan.ts';
import { percentiles } from './report.ts';

export interface BookingsReport {
  readonly attempted: number;
  readonly committed: number;
  /** The number of aborted bookings, by reason. */
  readonly aborted: Readonly<Record<string, number>>;
  /**
   * Milliseconds until the outcome was known: for bookings whose seat and miles are at home in one Region, and for the others.
   */
  readonly oneRegionMs: { readonly p50: number; readonly p99: number };
  readonly crossRegionMs: { readonly p50: number; readonly p99: number };
  /** The number of violations. */
  readonly violations: number;
}

export interface BookingsChecked {
  readonly report: BookingsReport;
  readonly sold: Sold;
  /** The violations, one sentence each. */
  readonly violations: readonly string[];
}

/** One in this many bookings is sent again: nothing may change. */
const REPEATED = 50;
/** Parallel reads. */
const AT_A_TIME = 100;

/**
 * Waits until no booking is in progress, then compares what every Region's API shows with the
 * requests and responses.
 */
export async function checkBookings(
  world: World,
  plan: BookingPlan,
  booked: readonly Booked[],
  scheduler: Scheduler = realScheduler(),
): Promise<BookingsChecked> {
  const repeated = await changedByRepeating(world, booked, scheduler);
  await world.whenIdle();
  // If intents are left, waits for the resolver, which finishes a transaction only after its deadline.
  if ((await intentsLeft(world, plan)).length > 0) await world.whenRecovered();
  const regions = await each(1, world.regions.keys(), (region) => figuresOf(world, region, plan));
  const violations = [
    ...booked.filter(({ outcome }) => outcome === 'unanswered').map(({ id }) => `${id} was not answered.`),
    ...repeated,
    ...(await changedOutcomes(world, booked)),
    ...(await intentsLeft(world, plan)),
    ...violationsOf({
      bookings: booked,
      capacity: CAPACITY,
      aboard: plan.aboard,
      earned: new Map(plan.members.map(({ id, miles }) => [id, miles])),
      regions,
    }),
  ];
  const aborted: Record<string, number> = {};
  for (const { outcome } of booked) if (outcome !== 'committed') aborted[outcome] = (aborted[outcome] ?? 0) + 1;
  const latencies = (isOneRegion: boolean) =>
    percentiles(booked.filter((booking) => booking.isOneRegion === isOneRegion).map(({ ms }) => ms));
  const sold = soldBy(booked);
  return {
    report: {
      attempted: booked.length,
      committed: sold.seats,
      aborted,
      oneRegionMs: latencies(true),
      crossRegionMs: latencies(false),
      violations: violations.length,
    },
    sold,
    violations,
  };
}

async function changedByRepeating(
  world: World,
  booked: readonly Booked[],
  scheduler: Scheduler,
): Promise<readonly string[]> {
  const some = booked.filter((_, i) => i % REPEATED === 0);
  const again = await each(AT_A_TIME, some, (booking) => sendBooking(world, booking, scheduler));
  return some
    .filter(({ outcome }, i) => outcome !== again[i])
    .map(({ id, outcome }) => `${id} was ${outcome}, and had another outcome when it was sent again.`);
}

async function changedOutcomes(world: World, booked: readonly Booked[]): Promise<readonly string[]> {
  const answers = await each(AT_A_TIME, booked, ({ region, id }) => outcomeOf(world, region, id));
  return booked
    .filter(({ outcome }, i) => outcomeIn(answers[i]?.body) !== outcome)
    .map(({ id, outcome }) => `${id} was ${outcome}, and is reported with another outcome when it is read.`);
}

function streamsOf({ members, aboard }: BookingPlan): readonly string[] {
  return [...members.map(({ id }) => `miles/${id}`), ...[...aboard.keys()].map((flight) => `seats/${flight}`)];
}

/** The intents that are left, one sentence each. At the end no Region may have one. */
async function intentsLeft(world: World, plan: BookingPlan): Promise<readonly string[]> {
  const streams = streamsOf(plan);
  const left = await each(1, world.regions.values(), async (region) => {
    const loaded = await each(AT_A_TIME, streams, (stream) => region.load(stream));
    return loaded
      .flat()
      .filter(({ tx }) => tx?.state === 'prepared')
      .map(({ stream, commitId }) => `${region.name}: ${stream} has an intent of ${commitId} that is not final.`);
  });
  return left.flat();
}

const seatsShownSchema = z.object({ passengers: z.array(z.string()) });
const milesShownSchema = z.object({ balance: z.number(), paid: z.record(z.string(), z.number()) });

/** All streams of the bookings, as a Region's API shows them. */
async function figuresOf(world: World, region: string, plan: BookingPlan): Promise<RegionFigures> {
  const shown = async <T>(type: string, ids: Iterable<string>, shape: z.ZodType<T>): Promise<ReadonlyMap<string, T>> =>
    new Map(
      await each(AT_A_TIME, ids, async (id): Promise<[string, T]> => {
        const asked = functionUrlEvent({ method: 'GET', path: `/streams/${type}/${id}` });
        const { body } = await world.region(region).request(asked);
        return [id, z.object({ state: shape }).parse(JSON.parse(body)).state];
      }),
    );
  const seats = await shown('seats', plan.aboard.keys(), seatsShownSchema);
  const miles = await shown(
    'miles',
    plan.members.map(({ id }) => id),
    milesShownSchema,
  );
  return { region, seats: new Map([...seats].map(([flight, { passengers }]) => [flight, passengers])), miles };
}

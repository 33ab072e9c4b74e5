import type { FaultyPorts } from '@meridian-es/meridian/world';
import {
  functionUrlEvent,
  silentTelemetry,
  VirtualScheduler,
  World,
  type WorldOptions,
} from '@meridian-es/meridian/world';
import { beforeAll, describe, expect, it } from 'vitest';
import { bookAll, each, outcomeIn, sendBooking } from '../../demo/book.ts';
import { planBookings } from '../../demo/booking-plan.ts';
import { checkBookings } from '../../demo/booking-report.ts';
import { ingestAll } from '../../demo/ingest.ts';
import { type FlightRow, flightOf, flightsFile, putsOf, readFlights } from '../../demo/input.ts';
import { bookingRegion, CAPACITY, domain, nearestRegion } from '../../index.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const rows = readFlights(flightsFile('2k'));

describe('the plan of bookings', () => {
  const plan = planBookings(rows, regions, 2000);

  it('has as many bookings as asked for, by 200 members over all Regions', () => {
    expect([plan.bookings.length, plan.members.length]).toEqual([2000, 200]);
    for (const region of regions) {
      expect(plan.members.filter((member) => member.region === region).length).toBeGreaterThan(60);
      expect(plan.bookings.filter((booking) => booking.region === region).length).toBeGreaterThan(500);
    }
    expect(new Set(plan.members.map(({ id }) => id)).size).toBe(200);
    expect(new Set(plan.bookings.map(({ id }) => id)).size).toBe(2000);
  });

  it('is the same for the same file and seed, and differs for another seed', () => {
    expect(planBookings(rows, regions, 2000)).toEqual(plan);
    expect(planBookings(rows, regions, 2000, 2).bookings).not.toEqual(plan.bookings);
  });

  it('requests too many seats on many flights, and fewer on others', () => {
    const wanted = [...Map.groupBy(plan.bookings, ({ flight }) => flight).values()].map((all) => all.length);
    const free = CAPACITY - 1;
    expect(wanted.filter((number) => number > free).length).toBeGreaterThan(100);
    expect(wanted.filter((number) => number <= free).length).toBeGreaterThan(100);
  });

  it('lets no member book a flight twice', () => {
    expect(new Set(plan.bookings.map(({ member, flight }) => `${member} ${flight}`)).size).toBe(2000);
  });

  it('marks the bookings of one Region', () => {
    const origins = new Map(rows.map((row) => [flightOf(row), row.origin]));
    for (const { flight, member, region, isOneRegion, id } of plan.bookings) {
      expect([nearestRegion(member.split('.')[0] ?? '', regions), id.split(':')[0]]).toEqual([region, region]);
      expect(isOneRegion).toBe(nearestRegion(origins.get(flight) ?? '', regions) === region);
    }
    const one = plan.bookings.filter(({ isOneRegion }) => isOneRegion).length;
    expect([one > 500, one < 1500]).toEqual([true, true]);
  });

  it('books none of the first flights of the file', () => {
    const first = new Set(rows.slice(0, 100).map(flightOf));
    expect(plan.bookings.filter(({ flight }) => first.has(flight))).toEqual([]);
  });

  it('ends when every member has a booking on every flight, and is empty without flights', () => {
    expect(planBookings(rows.slice(0, 102), regions, 1000).bookings.length).toBe(400);
    expect(planBookings(rows.slice(0, 100), regions, 1000).bookings).toEqual([]);
    expect(planBookings([], regions, 1000)).toEqual({ members: [], bookings: [], aboard: new Map() });
  });
});

/** The first flights only, so that a run is short. */
const few: readonly FlightRow[] = rows.slice(0, 160);

/** A world in virtual time, with the flights and the bookings on them. */
async function aRun(options: Partial<WorldOptions> = {}, count = 250) {
  const scheduler = new VirtualScheduler();
  const world = new World({ domain, regions, scheduler, ...options });
  const plan = planBookings(few, options.regions ?? regions, count);
  await scheduler.resolve(ingestAll(world, putsOf(few, options.regions ?? regions)));
  const booked = await scheduler.resolve(bookAll(world, plan, scheduler));
  const check = () => scheduler.resolve(checkBookings(world, plan, booked, scheduler));
  return { scheduler, world, plan, booked, check };
}

/** Runs a command that is not part of the bookings. */
async function secretly(
  { world, scheduler }: Awaited<ReturnType<typeof aRun>>,
  path: string,
  input: object,
): Promise<void> {
  const asked = functionUrlEvent({ method: 'POST', path, body: JSON.stringify(input) });
  expect((await scheduler.resolve(world.region('us-east-1').request(asked))).statusCode).toBe(200);
  await scheduler.resolve(world.whenIdle());
}

describe('bookings on real flights in three Regions', () => {
  let run: Awaited<ReturnType<typeof aRun>>;
  beforeAll(async () => {
    run = await aRun();
  }, 120_000);

  it('add up in every Region', async () => {
    const { report, sold, violations } = await run.check();
    expect(violations).toEqual([]);
    const { attempted, committed, aborted, oneRegionMs, crossRegionMs } = report;
    expect([attempted, report.violations]).toEqual([250, 0]);
    expect(committed + Object.values(aborted).reduce((sum, number) => sum + number)).toBe(attempted);
    expect(aborted).toMatchObject({ full: expect.any(Number), 'too-few-miles': expect.any(Number) });
    expect(sold.seats).toBe(committed);
    expect(sold.miles).toBeGreaterThan(100 * committed);
    expect(oneRegionMs.p50).toBeLessThan(crossRegionMs.p50);
    for (const { p50, p99 } of [oneRegionMs, crossRegionMs]) expect(p50).toBeLessThanOrEqual(p99);
  }, 120_000);

  it('do not change when they are sent again', async () => {
    const { scheduler, world, plan, booked, check } = run;
    const again = await scheduler.resolve(bookAll(world, plan, scheduler));
    expect(again.map(({ outcome }) => outcome)).toEqual(booked.map(({ outcome }) => outcome));
    expect((await check()).violations).toEqual([]);
  }, 120_000);

  it('are reported as violations when a seat was taken, or miles were paid, without a booking', async () => {
    const { plan, booked, check } = run;
    const sold = Map.groupBy(
      booked.filter(({ outcome }) => outcome === 'committed'),
      ({ flight }) => flight,
    );
    const [flight] = [...sold].find(([, all]) => all.length === 1) ?? [];
    const [member] = plan.members;
    await secretly(run, `/streams/seats/${flight}/commands/reserve`, { passenger: 'nobody' });
    await secretly(run, `/streams/miles/${member?.id}/commands/earn`, { miles: 1 });
    const { report, violations } = await check();
    expect(report.violations).toBe(violations.length);
    for (const region of regions) {
      expect(violations).toContain(
        `${region}: ${flight} has other passengers than those whose bookings were confirmed.`,
      );
      expect(violations).toContainEqual(expect.stringMatching(`^${region}: ${member?.id} has .* miles, not `));
    }
  }, 120_000);
});

describe('bookings whose intents are never made final', () => {
  it('are reported as violations, although every reader sees the decision', async () => {
    const { check } = await aRun(
      {
        telemetry: silentTelemetry,
        withFaults: (_region, ports) => ({
          ...ports,
          events: { ...ports.events, finalise: () => Promise.reject(new Error('broken')) },
          resolver: { send: async (messages) => messages.map(() => undefined) },
        }),
      },
      3,
    );
    const { violations } = await check();
    expect(violations).toContainEqual(expect.stringContaining('has an intent of'));
    expect(violations.filter((violation) => !violation.includes('has an intent of'))).toEqual([]);
  }, 120_000);
});

describe('bookings in two Regions, each with its own table of decisions', () => {
  it('add up', async () => {
    const { check } = await aRun({ regions: ['us-east-1', 'us-west-2'], decisions: 'eventual' }, 100);
    const { violations, report } = await check();
    expect(violations).toEqual([]);
    expect(report.committed).toBeGreaterThan(0);
  }, 120_000);
});

describe('a booking', () => {
  /** A booking whose seat and miles are at home in different Regions. */
  const cross = planBookings(few, regions, 250).bookings.find(({ isOneRegion }) => !isOneRegion);

  it('is polled until it is decided', async () => {
    const scheduler = new VirtualScheduler();
    // The state machine starts after a Region has stopped waiting for the outcome.
    const late = ({ machine }: FaultyPorts): Pick<FaultyPorts, 'machine'> => ({
      machine: {
        start: async (input) => {
          scheduler.after(12_000, () => machine.start(input));
        },
      },
    });
    const world = new World({
      domain,
      regions,
      scheduler,
      withFaults: (_region, ports) => ({ ...ports, ...late(ports) }),
    });
    if (!cross) throw new Error('No booking has its seat and miles in different Regions.');
    const begun = scheduler.now();
    expect(await scheduler.resolve(sendBooking(world, cross, scheduler))).toBe('too-few-miles');
    expect(scheduler.now() - begun).toBeGreaterThan(12_000);
  }, 120_000);

  it('is aborted while the Region of its seats cannot be reached', async () => {
    const { scheduler, world } = await aRun({}, 1);
    if (!cross) throw new Error('No booking has its seat and miles in different Regions.');
    world.cut(cross.region, bookingRegion(cross, regions), ['invoke']);
    const outcome = await scheduler.resolve(sendBooking(world, { ...cross, id: `${cross.region}:cut` }, scheduler));
    expect(outcome).toBe('region-unreachable');
  }, 120_000);

  it('is sent again while no Region can decide', async () => {
    const { scheduler, world } = await aRun({}, 1);
    if (!cross) throw new Error('No booking has its seat and miles in different Regions.');
    for (const region of regions) if (region !== cross.region) world.cut(cross.region, region, ['invoke']);
    scheduler.after(5000, () => world.healAll());
    const outcome = await scheduler.resolve(sendBooking(world, { ...cross, id: `${cross.region}:late` }, scheduler));
    expect(outcome).not.toBe('unanswered');
  }, 120_000);

  it.each([
    [{ state: 'committed', participants: [] }, 'committed'],
    [{ reason: { code: 'rejected' }, participant: 'seats/F' }, 'full'],
    [{ state: 'aborted', reason: { code: 'rejected' }, participant: 'miles/LAX.ada' }, 'too-few-miles'],
    [{ reason: { code: 'deadline-exceeded' } }, 'deadline-exceeded'],
    [{ state: 'undecided' }, undefined],
    [{ code: 'unavailable' }, undefined],
  ])('with the response %j is %s', (body, outcome) => {
    expect(outcomeIn(body)).toBe(outcome);
  });
});

describe('each', () => {
  it('calls a function for every item, at most this many in parallel, and returns the results in order', async () => {
    let [now, most] = [0, 0];
    const results = await each(3, [5, 1, 4, 2, 3, 0], async (item) => {
      most = Math.max(most, ++now);
      for (let i = 0; i < item; i++) await undefined;
      now--;
      return 2 * item;
    });
    expect([results, most]).toEqual([[10, 2, 8, 4, 6, 0], 3]);
  });

  it('fails with the error of the failed call', async () => {
    const failing = each(2, [1, 2], async (item) => {
      if (item === 2) throw new Error('two');
    });
    await expect(failing).rejects.toThrow('two');
  });
});

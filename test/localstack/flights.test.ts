import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { compareRows, type Figures, figuresOf } from '../../examples/flights/demo/figures.ts';
import { flightsFile, type Put, putsOf, readFlights } from '../../examples/flights/demo/input.ts';
import { type BusMessage, type DeployedRegion, deployedRegions, type Listener, REGIONS } from './deployment.ts';
import { describeWithLocalStack } from './describe-with-localstack.ts';

const FLIGHTS = 200;
/**
 * A message that a slow machine did not get done in time is away for six minutes, and then comes again. And every look at the
 * views is dozens of requests, which LocalStack answers beside the work that is waited for.
 */
const SETTLED = { timeout: 420_000, interval: 5_000 };
const TEST_MS = 900_000;

describeWithLocalStack('200 flights that producers put on the buses of three Regions', (endpoint) => {
  const regions = deployedRegions(endpoint);
  let folder: string;
  let puts: readonly Put[];
  let figures: ReadonlyMap<string, Figures>;
  let listeners: readonly Listener[];
  let subscribed: readonly Listener[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-flights-'));
    const file = join(folder, 'flights.json');
    const all = z.array(z.unknown()).parse(JSON.parse(readFileSync(flightsFile('2k'), 'utf8')));
    writeFileSync(file, JSON.stringify(all.slice(0, FLIGHTS)));
    puts = [...putsOf(readFlights(file), REGIONS)];
    figures = figuresOf(file);
    listeners = await Promise.all(regions.map((region) => region.listen('outcomes', { source: ['meridian.receipt'] })));
    subscribed = await Promise.all(regions.map((region) => region.listen('events', { source: ['meridian.flight'] })));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([...listeners, ...subscribed].map((listener) => listener.close()));
  });

  const putAll = () => Promise.all(regions.map((region) => putAt(region, puts)));

  const putAt = (region: DeployedRegion, envelopes: readonly Put[]) =>
    region.put(
      envelopes
        .filter((put) => put.region === region.name)
        .map(({ detailType, detail }) => ({ source: 'airports', detailType, detail: JSON.stringify(detail) })),
    );

  /** How often each outcome was told of the envelopes of this file. */
  const outcomes = async () => {
    const ids = new Set(puts.map(({ detail }) => Reflect.get(detail, 'id')));
    const heard = (await Promise.all(listeners.map((listener) => listener.heard()))).flat();
    const ours = heard.filter(({ detail }) => ids.has(z.object({ id: z.string() }).parse(detail).id));
    return Object.fromEntries(
      Object.entries(Object.groupBy(ours, (message) => message['detail-type'])).map(([type, all]) => [
        type,
        all?.length,
      ]),
    );
  };

  const mismatches = () =>
    Promise.all(regions.map(async (region) => compareRows(figures, await region.rows('airport-delays'))));

  const commits = () => {
    const streams = new Set(puts.map(({ detail }) => z.object({ stream: z.string() }).parse(detail).stream));
    return Promise.all(regions.map((region) => region.countOf(streams)));
  };

  it("are accepted one and all, and make every Region's view equal the file's figures", {
    timeout: TEST_MS,
  }, async () => {
    await putAll();
    await vi.waitFor(async () => expect(await outcomes()).toEqual({ Accepted: puts.length }), SETTLED);
    await vi.waitFor(async () => expect(await mismatches()).toEqual(REGIONS.map(() => [])), SETTLED);
  });

  it('are each counted once by a subscriber in every Region, wherever they were written', {
    timeout: TEST_MS,
  }, async () => {
    const reported = new Map(
      [...figures].map(([airport, { departures, arrivals }]) => [
        airport,
        { ...(departures > 0 && { Departed: departures }), ...(arrivals > 0 && { Arrived: arrivals }) },
      ]),
    );
    const tallies = () => Promise.all(regions.map((region) => region.sums('tally', 'tally')));
    await vi.waitFor(async () => expect(await tallies()).toEqual(REGIONS.map(() => reported)), SETTLED);

    const heard = await Promise.all(subscribed.map((listener) => listener.heard()));
    await Promise.all(regions.map((region, i) => deliverAgain(region, heard[i]?.slice(0, 50) ?? [])));
    expect(await tallies()).toEqual(REGIONS.map(() => reported));
  });

  /** As the bus may at any time: it delivers at least once. Waits until the subscriber has taken them. */
  const deliverAgain = async (region: DeployedRegion, messages: readonly BusMessage[]) => {
    const { inFlight } = await region.depth('tally');
    await region.put(
      messages.map(({ source, 'detail-type': detailType, detail }) => ({
        source,
        detailType,
        detail: JSON.stringify(detail),
      })),
    );
    await vi.waitFor(async () => {
      const now = await region.depth('tally');
      expect(now.waiting).toBe(0);
      expect(now.inFlight).toBeLessThanOrEqual(inFlight);
    }, SETTLED);
  };

  it('change nothing when they are all put again', { timeout: TEST_MS }, async () => {
    const before = REGIONS.map(() => puts.length);
    await vi.waitFor(async () => expect(await commits()).toEqual(before), SETTLED);
    await putAll();
    await vi.waitFor(async () => expect(await outcomes()).toEqual({ Accepted: 2 * puts.length }), SETTLED);
    expect(await commits()).toEqual(before);
    expect(await mismatches()).toEqual(REGIONS.map(() => []));
  });
});

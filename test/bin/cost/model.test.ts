import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { toImage } from '../../../adapters/dynamodb/commit-item.ts';
import {
  ENTRY_OVERHEAD,
  estimateCost,
  fixedOf,
  ITEM_OVERHEAD,
  LIVE_ALARM_METRICS,
  requestsOf,
  type Usage,
} from '../../../bin/cost/model.ts';
import { LIST_PRICES } from '../../../bin/cost/prices.ts';
import { defineDomain, defineStream, defineView } from '../../../core/index.ts';
import { AHEAD_CHECK_MS } from '../../../core/limits/budgets.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { portsAround } from '../../../world/region/faults.ts';
import { aCommit } from '../../contract/commits.ts';
import { synthesize } from '../../lib/synthesize.ts';
import { TemplateReader } from '../../lib/template.ts';
import { aWorld } from '../../world/a-world.ts';

const usage: Usage = {
  eventsPerSecond: 10,
  size: 500,
  regions: 3,
  views: 1,
  batch: 1,
  via: 'bus',
  warm: 0,
  streamLength: 10,
  readsPerSecond: 0,
  transactionsPerSecond: 0,
  participants: 2,
  months: 1,
  archiveDays: 30,
  logRetentionDays: 30,
  healthChecks: 0,
  milliseconds: 50,
};
function linesOf(changes: Partial<Usage> = {}) {
  return estimateCost({ ...usage, ...changes }, LIST_PRICES);
}
function totalOf(changes: Partial<Usage> = {}) {
  return linesOf(changes).reduce((sum, { dollars }) => sum + dollars, 0);
}

describe('the estimate of a month', () => {
  it('has only fixed costs without traffic', () => {
    const lines = linesOf({ eventsPerSecond: 0 });
    for (const { fixed, dollars, what } of lines) expect(dollars > 0, what).toBe(fixed);
  });

  it('doubles with the number of events, except for fixed costs and traces, which are sampled', () => {
    const once = linesOf();
    const twice = linesOf({ eventsPerSecond: 20 });
    for (const [i, { service, what, dollars, fixed }] of once.entries()) {
      if (service === 'X-Ray') expect(twice[i]?.dollars).toBeLessThan(2 * dollars);
      else expect(twice[i]?.dollars, what).toBeCloseTo(fixed ? dollars : 2 * dollars, 9);
    }
  });

  it('grows with every Region, view and KB', () => {
    for (const more of [
      { regions: 4 },
      { views: 2 },
      { size: 2000 },
      { months: 2 },
      { readsPerSecond: 1 },
      { transactionsPerSecond: 1 },
    ])
      expect(totalOf(more), JSON.stringify(more)).toBeGreaterThan(totalOf());
  });

  it('falls with batches, warm functions, requests of the API and without an archive', () => {
    for (const less of [{ batch: 10 }, { warm: 1 }, { via: 'http' as const }, { archiveDays: 0 }, { views: 0 }])
      expect(totalOf(less), JSON.stringify(less)).toBeLessThan(totalOf());
  });

  it('charges a commit as DynamoDB does: each KB or part of one, in each Region', () => {
    const [line] = linesOf({ eventsPerSecond: 1, size: 3000, regions: 2 });
    expect(line?.quantity).toBe(730 * 3600 * 4 * 2);
    expect(line?.dollars).toBeCloseTo(730 * 3600 * 4 * 2 * 0.000000625, 9);
  });

  it('charges a transaction of k streams 2k + 1 writes in each Region, including those of its k events', () => {
    const put = linesOf({ eventsPerSecond: 3 })[0]?.quantity ?? 0;
    const lines = linesOf({ eventsPerSecond: 3, transactionsPerSecond: 1, participants: 3 });
    const added = lines.find(({ what }) => what === 'write units of decisions and of intents made final');
    expect(put + (added?.quantity ?? 0)).toBe(730 * 3600 * (2 * 3 + 1) * 3);
  });

  it('charges an Express execution by request and by 100 ms at 64 MB', () => {
    const lines = linesOf({ transactionsPerSecond: 1, milliseconds: 60 });
    const dollarsOf = (start: string) => lines.find(({ what }) => what.startsWith(start))?.dollars;
    expect(dollarsOf('executions')).toBeCloseTo(730 * 3600 * 0.000001, 9);
    expect(dollarsOf('GB-seconds of executions')).toBeCloseTo(730 * 3600 * 0.3 * 0.0625 * 0.00001667, 9);
  });

  it('names the service and what is counted on every line', () => {
    for (const { service, what } of linesOf())
      expect([service, what]).toEqual([expect.any(String), expect.any(String)]);
  });
});

describe('what the estimate counts', () => {
  /** One stream and one view of totals, which is what the model assumes each event to change. */
  const tick = defineStream({
    type: 'tick',
    mode: 'merge',
    events: { Ticked: { schemaVersion: 1, schema: z.strictObject({}) } },
    initial: 0,
    evolve: (count) => count + 1,
    commands: {},
  });
  const ticks = defineView({ kind: 'totals', name: 'ticks', of: tick, totals: (count) => ({ all: { count } }) });
  const domain = defineDomain({ streams: [tick], views: [ticks] });

  /** Puts an append on the bus of a Region and counts the calls of all Regions, those for a later comparison with the table included. */
  const callsOfOneEvent = async (regions: readonly string[]) => {
    const calls = new Map<string, number>();
    const count = (name: string, by: number) => calls.set(name, (calls.get(name) ?? 0) + by);
    const { put, settle, scheduler } = aWorld({
      domain,
      regions,
      withFaults: (_region, ports) =>
        portsAround(ports, async (call, name, args) => {
          const answer = await call(args);
          count(name, 1);
          const size = z.array(z.unknown()).transform((items) => items.length);
          if (name === 'events.taken') count('probes', size.parse(args[0]));
          if (name === 'bus.put') count('entries', size.parse(args[0]));
          if (name === 'views.apply') count('written', size.parse(args[1]) + size.parse(args[2]));
          return answer;
        }),
    });
    const tickOf = (id: string) => ({ id, stream: `tick/${id}`, events: [{ type: 'Ticked', data: {} }] });
    // The first append does the work that a Region does only once.
    for (const id of ['1', '2']) {
      calls.clear();
      await put(regions[0] ?? '', 'meridian.append', tickOf(id));
      await settle();
      await scheduler.run(2 * AHEAD_CHECK_MS);
    }
    return (name: string) => calls.get(name) ?? 0;
  };

  it.each([
    [['us-east-1', 'us-east-2']],
    [['us-east-1', 'us-east-2', 'us-west-2']],
    [['us-east-1', 'us-east-2', 'us-west-2', 'eu-west-1', 'ap-northeast-1']],
  ])('matches the calls of the functions in %j', async (regions) => {
    const made = await callsOfOneEvent(regions);
    const expected = requestsOf({ ...usage, regions: regions.length });

    expect(made('events.put')).toBe(expected.puts);
    expect(made('events.load')).toBe(expected.appendLoads + expected.projectLoads);
    expect(made('events.at')).toBe(expected.lookups);
    expect(made('probes')).toBe(expected.probes);
    expect(made('ledger.watched')).toBe(expected.watches);
    expect(made('sightings.record')).toBe(expected.sightings);
    // The producer, not Meridian, puts this entry.
    expect(made('entries')).toBe(expected.putEvents - 1);
    expect(made('projection.send')).toBe(expected.relays);
    expect(made('ahead.send')).toBe(expected.announced);
    expect(made('views.entries')).toBe(expected.viewReads);
    expect(made('views.generations')).toBe(expected.generationReads);
    expect(made('written')).toBe(expected.viewWrites);
  });

  it.each([2, 3, 5])(
    'has the right fixed resources in each of %i Regions',
    (count) => {
      const names = ['us-east-1', 'us-east-2', 'us-west-2', 'eu-west-1', 'ap-northeast-1'].slice(0, count);
      const metrics = z.object({ Metrics: z.array(z.looseObject({})).optional() });
      for (const template of synthesize({ context: { regions: names } }).regionTemplates) {
        const reader = new TemplateReader(template);
        const watched = reader.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => {
          const { Metrics } = metrics.parse(Properties);
          return Metrics ? Metrics.filter((metric) => 'MetricStat' in metric).length : 1;
        });
        const polled = reader
          .ofType('AWS::Lambda::EventSourceMapping')
          .filter(({ Properties }) => !('StartingPosition' in Properties)).length;
        const { alarmMetrics, dashboards, keys, polls } = fixedOf(count);
        expect(watched.reduce((sum, each) => sum + each, 0)).toBe(alarmMetrics);
        expect(reader.ofType('AWS::CloudWatch::Dashboard')).toHaveLength(dashboards);
        expect(reader.ofType('AWS::KMS::Key')).toHaveLength(keys);
        // Five pollers per queue, each with a request every 20 s.
        expect(polls).toBe(polled * 5 * 3 * 60 * 730);
      }
    },
    60_000,
  );

  it('has the right alarms of a Region with a URL for health checks', () => {
    const count = (context: Readonly<Record<string, unknown>>) =>
      synthesize({ context }).regionTemplates.map((template) =>
        new TemplateReader(template)
          .ofType('AWS::CloudWatch::Alarm')
          .reduce((sum, { Properties }) => sum + (JSON.stringify(Properties).match(/"MetricName"/g) ?? []).length, 0),
      );
    const more = count({ liveUrl: true }).map((each, i) => each - (count({})[i] ?? 0));
    expect(more).toEqual([LIVE_ALARM_METRICS, LIVE_ALARM_METRICS, LIVE_ALARM_METRICS]);
  }, 60_000);

  it('includes what an item and an entry of the bus add to the data', () => {
    const data = { text: 'x'.repeat(500) };
    const commit = aCommit({
      stream: 'parcel/2001-01-01.ABC-DEF.17',
      commitId: 'a'.repeat(40),
      events: [{ type: 'Departed', schemaVersion: 1, data }],
      context: { 'us-east-1': 6, 'us-east-2': 3, 'us-west-2': 3 },
      meta: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    });
    const bytes = JSON.stringify(data).length;
    const [entry] = entriesOf(commit);
    const { source, detailType, detail } = entry ?? expect.fail('there is no entry');

    expect(sizeOf({ M: toImage(commit) }) - bytes).toBeLessThanOrEqual(ITEM_OVERHEAD);
    expect(sizeOf({ M: toImage(commit) }) - bytes).toBeGreaterThan(ITEM_OVERHEAD / 2);
    expect((source + detailType + detail).length - bytes).toBeLessThanOrEqual(ENTRY_OVERHEAD);
    expect((source + detailType + detail).length - bytes).toBeGreaterThan(ENTRY_OVERHEAD / 2);
  });
});

const attributeSchema = z.union([
  z.object({ S: z.string() }),
  z.object({ N: z.string() }),
  z.object({ L: z.array(z.unknown()) }),
  z.object({ M: z.record(z.string(), z.unknown()) }),
]);

/** Bytes of an attribute, as the DynamoDB developer guide counts them under "item sizes and formats". */
function sizeOf(value: unknown): number {
  const parsed = attributeSchema.parse(value);
  if ('S' in parsed) return Buffer.byteLength(parsed.S);
  if ('N' in parsed) return Math.ceil(parsed.N.length / 2) + 1;
  if ('L' in parsed) return 3 + parsed.L.reduce((sum: number, each) => sum + 1 + sizeOf(each), 0);
  return 3 + Object.entries(parsed.M).reduce((sum, [name, each]) => sum + 1 + name.length + sizeOf(each), 0);
}

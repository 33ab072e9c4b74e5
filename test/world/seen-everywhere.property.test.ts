import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ActionInput, defineDomain, defineStream, defineView, type OperatorAction } from '../../core/index.ts';
import { MAX_NESTING } from '../../core/limits/budgets.ts';
import { subscriber } from '../../lambdas/index.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { sleepOn } from '../../world/time/scheduler.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-west-2'];

const spec = {
  events: { Kept: { schemaVersion: 1, schema: z.unknown(), sample: null } },
  initial: [] as readonly unknown[],
  evolve: (all: readonly unknown[], { data }: { readonly data: unknown }) => [...all, data],
  commands: {},
  snapshots: { every: 1, codeVersion: 1, settle: 0 },
};
const note = defineStream({ type: 'note', mode: 'merge', ...spec });
const item = defineStream({ type: 'item', mode: 'home', home: (_id, all) => all[1] ?? '', ...spec });
const notes = defineView({ kind: 'rows', name: 'notes', of: note, row: (all) => all });
const items = defineView({ kind: 'rows', name: 'items', of: item, row: (all) => all });
const domain = defineDomain({ streams: [note, item], views: [notes, items] });

const commitsSchema = z.object({ commits: z.array(z.object({ events: z.array(z.object({ data: z.unknown() })) })) });
const busSchema = z.object({ detail: z.object({ data: z.unknown() }) });

/** Two Regions whose subscribers, buses and snapshots are watched. */
function watched() {
  const bySubscriber: { readonly region: string; readonly data: unknown }[] = [];
  const onBuses: unknown[] = [];
  const counts = { snapshots: 0 };
  const made = aWorld({
    regions,
    domain,
    telemetry: silentTelemetry,
    subscribers: {
      journal: {
        entry: '/not/loaded.ts',
        streamTypes: ['note', 'item'],
        handler: subscriber({
          handle: ({ data }, { region }) => {
            bySubscriber.push({ region, data });
          },
        }),
      },
    },
    withFaults: (_region, ports) => ({
      ...ports,
      snapshots: {
        ...ports.snapshots,
        newest: async (...of) => {
          const found = await ports.snapshots.newest(...of);
          if (found) counts.snapshots++;
          return found;
        },
      },
    }),
  });
  const { world, scheduler } = made;
  for (const { bus } of world.regions.values())
    bus.addRule(
      { source: [{ prefix: 'meridian.note' }, { prefix: 'meridian.item' }] },
      { kind: 'listener', listen: (event) => onBuses.push(busSchema.parse(event).detail.data) },
    );
  const append = async (region: string, stream: string, data: string) => {
    const body = `{"id":"a","stream":"${stream}","events":[{"type":"Kept","data":${data}}]}`;
    const { statusCode } = await scheduler.resolve(
      world.region(region).request(functionUrlEvent({ method: 'POST', path: '/events', body })),
    );
    return statusCode;
  };
  const operate = async <Name extends OperatorAction>(region: string, action: Name, input: ActionInput<Name>) => {
    const answer = await scheduler.resolve(world.region(region).operate(action, input));
    expect(answer).toHaveProperty('result');
  };
  const rebuild = async (region: string, view: string) => {
    await operate(region, 'rebuild-begin', { view, segments: 1 });
    await scheduler.resolve(sleepOn(scheduler, 600_000));
    const status = await scheduler.resolve(world.region(region).operate('rebuild-status', { view }));
    const { build } = z.object({ result: z.object({ build: z.number() }) }).parse(status).result;
    await operate(region, 'rebuild-step', { view, build, segment: 0 });
  };
  return { ...made, append, operate, rebuild, bySubscriber, onBuses, counts };
}

/** JSON as text, as callers send it: also texts that a parser makes other values of, and much that is refused. */
const jsonText = fc.oneof(
  fc.json({ stringUnit: 'binary', maxDepth: 5 }),
  fc
    .double()
    .map(String)
    .filter((text) => !/Infinity|NaN/.test(text)),
  fc.bigInt().map(String),
  fc
    .string({
      unit: fc.constantFrom('a', '\u0000', '\u007f', '\u2028', '\ufeff', 'é', 'e\u0301', '😀', '\ud83d', '\ufffe'),
    })
    .map((text) => JSON.stringify(text)),
  fc
    .dictionary(fc.constantFrom('__proto__', 'constructor', 'toJSON', 'length', '', '0', '-1', 'pk'), fc.jsonValue())
    .map((value) => JSON.stringify(value)),
  fc
    .nat({ max: 600 })
    // An event may have as many levels as a row. The row of this domain has one more.
    .filter((levels) => levels !== MAX_NESTING)
    .map((levels) => '['.repeat(levels) + ']'.repeat(levels))
    .filter((text) => text !== ''),
);

describe('an event that is accepted', () => {
  it.each(['note', 'item'])(
    'is seen as it was sent by every reader of a stream of type %s, and any other is refused',
    async (type) => {
      let accepted = 0;
      await fc.assert(
        fc.asyncProperty(jsonText, fc.constantFrom(...regions), async (text, region) => {
          const { append, operate, rebuild, bySubscriber, onBuses, counts, settle, get, scheduler } = watched();
          const since = new Date(scheduler.now()).toISOString();
          const stream = `${type}/1`;
          const status = await append(region, stream, text);
          await settle();
          if (status !== 200) {
            expect(status).toBe(400);
            for (const each of regions)
              expect(await get(each, `/streams/${stream}/events`)).toMatchObject({ commits: [] });
            expect([bySubscriber, onBuses]).toEqual([[], []]);
            return;
          }
          accepted++;
          const sent: unknown = JSON.parse(text);
          const check = async () => {
            for (const each of regions) {
              expect(await get(each, `/streams/${stream}`)).toMatchObject({ state: [sent] });
              const { commits } = commitsSchema.parse(await get(each, `/streams/${stream}/events`));
              expect(commits).toEqual([{ events: [{ data: sent }] }]);
              expect(await get(each, `/views/${type}s/1`)).toMatchObject({ value: [sent] });
            }
          };
          await check();
          expect(bySubscriber).toEqual(expect.arrayContaining(regions.map((each) => ({ region: each, data: sent }))));
          expect(onBuses).toEqual([sent, sent]);
          const before = counts.snapshots;
          await check();
          expect(counts.snapshots).toBeGreaterThan(before);

          for (const each of regions) {
            await rebuild(each, `${type}s`);
            await operate(each, 'republish-step', { since, segment: 0, segments: 1 });
          }
          await settle();
          await check();
          expect(onBuses).toEqual([sent, sent, sent, sent]);
        }),
        { numRuns: 150, examples: [['{"toJSON":{}}', 'us-east-1']] },
      );
      expect(accepted).toBeGreaterThan(50);
    },
  );
});

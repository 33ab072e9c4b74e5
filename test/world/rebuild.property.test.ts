import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import {
  type ActionInput,
  type ActionResult,
  type Commit,
  type Domain,
  defineView,
  MeridianError,
  type OperatorAction,
  operatorActions,
  projectTriggers,
  readRows,
  type ViewDefinition,
  type ViewsTable,
} from '../../core/index.ts';
import { note, toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { portsAround } from '../../world/region/faults.ts';
import type { WorldRegion } from '../../world/region/region.ts';
import { seeded } from '../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../world/time/scheduler.ts';
import { World } from '../../world/world.ts';
import { fakeRuntime } from '../runtime.ts';

const regions = ['us-east-1', 'us-west-2'];
const streams = Array.from({ length: 12 }, (_, i) => `note/${i}`);
const texts = ['a', 'b', 'c'];
/** The part of the run in which calls fail, and in which everything starts, in milliseconds. */
const UNSTEADY_MS = 4000;

const notes2 = defineView({
  kind: 'rows',
  name: 'notes',
  codeVersion: 2,
  shards: 3,
  of: note,
  row: (entries) => ({ texts: entries.map(({ text }) => text) }),
});
const words2 = defineView({
  kind: 'totals',
  name: 'words',
  codeVersion: 2,
  shards: 5,
  of: note,
  totals: (entries) => ({ all: { words: entries.length }, [entries.at(-1)?.text ?? 'none']: { last: 1 } }),
});
const lengths = defineView({ kind: 'rows', name: 'lengths', of: note, row: (entries) => entries.length });

function byName(...views: readonly ViewDefinition[]): Domain['views'] {
  return new Map(views.map((view) => [view.name, view]));
}
const changed = byName(...toyDomain.views.values(), notes2, words2, lengths);

/** A domain whose code is deployed while it runs. */
function deployable(): Domain & { deploy(views: Domain['views']): void } {
  let { views }: Domain = toyDomain;
  return {
    streams: toyDomain.streams,
    get views() {
      return views;
    },
    deploy: (next) => {
      views = next;
    },
  };
}

const at = fc.integer({ min: 0, max: UNSTEADY_MS });
const write = fc.record({
  at,
  region: fc.constantFrom(...regions),
  stream: fc.constantFrom(...streams),
  text: fc.constantFrom(...texts),
});
const run = fc.record({
  seed: fc.integer(),
  writes: fc.array(write, { minLength: 1, maxLength: 120, size: 'max' }),
  isChanged: fc.boolean(),
  rebuildAt: at,
  segments: fc.integer({ min: 1, max: 5 }),
  drivers: fc.integer({ min: 1, max: 2 }),
  failures: fc.constantFrom(0, 0.04, 0.12),
  duplicates: fc.constantFrom(0, 0.3),
  reorders: fc.boolean(),
  isCut: fc.boolean(),
});
type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;

/** Runs a rebuild to its end, whatever fails on the way, and deletes the old rows as soon as that is allowed. */
async function rebuild(scheduler: VirtualScheduler, region: WorldRegion, view: string, segments: number) {
  const ask = async <Name extends OperatorAction>(
    action: Name,
    input: ActionInput<Name>,
  ): Promise<ActionResult<Name>> => {
    for (;;) {
      const answer = await region.operate(action, input);
      if ('result' in answer) return operatorActions[action].result.parse(answer.result);
      expect(answer.problem.retryable, JSON.stringify(answer)).toBe(true);
      await sleepOn(scheduler, 50);
    }
  };
  const { build } = await ask('rebuild-begin', { view, segments });
  const drive = async (segment: number): Promise<void> => {
    for (;;) {
      const { done, build: now, segments } = await ask('rebuild-step', { view, build, segment });
      if (done || now !== build || segments[segment]?.done) return;
    }
  };
  const { segments: begun } = await ask('rebuild-status', { view });
  await Promise.all(begun.map(({ segment }) => drive(segment)));
  for (;;) {
    await sleepOn(scheduler, 60_000);
    const { retired } = await ask('rebuild-clean', { view });
    if (retired.length === 0) return;
  }
}

/** What a Region with that code would show after receiving its commits in sequence. */
async function fromScratch(domain: Domain, commits: readonly Commit[], view: string) {
  const [events, views] = [memoryEventStore(), memoryViewStore()];
  for (const commit of commits) events.replicate(commit);
  const triggers = commits.map(({ stream, log, position }) => ({ stream, log, position, inTable: true }));
  const alone = { region: 'us-east-1', decisions: memoryDecisions({ strong: false }) };
  expect(await projectTriggers({ ...alone, domain, events, views, runtime: fakeRuntime() }, triggers)).toEqual(
    new Map(),
  );
  return (await readRows({ domain, views, runtime: fakeRuntime() }, view, { limit: 1000 })).rows;
}

/** True if anything is stored under a name. */
async function isLeft(views: ViewsTable, name: string): Promise<boolean> {
  return !(await views.remove(name, 16, 1));
}

function outage(message: string) {
  return new MeridianError('unavailable', message, { retryable: true });
}

async function runWorld({ writes, isChanged, rebuildAt, segments, drivers, failures, isCut, ...options }: Run) {
  const scheduler = new VirtualScheduler();
  const start = scheduler.now();
  const random = seeded(options.seed);
  const stores = new Map<string, ViewsTable>();
  const domain = deployable();
  const world = new World({
    domain,
    regions,
    scheduler,
    ...options,
    withFaults: (region, ports) => {
      stores.set(region, ports.views);
      return portsAround(ports, async (call, name, args) => {
        const fails = () => scheduler.now() - start < UNSTEADY_MS && random() < failures;
        await sleepOn(scheduler, random() * 15);
        if (fails()) throw outage(`${name} was not called.`);
        const answer = await call(args);
        await sleepOn(scheduler, random() * 15);
        if (fails()) throw outage(`${name} succeeded, but its response was lost.`);
        return answer;
      });
    },
  });
  const pending: Promise<unknown>[] = [];
  for (const [i, { at, region, stream, text }] of writes.entries())
    scheduler.after(at, () => {
      const body = JSON.stringify({ id: `${i}`, stream, events: [{ type: 'Noted', data: { text } }] });
      pending.push(world.region(region).request(functionUrlEvent({ method: 'POST', path: '/events', body })));
    });
  if (isCut) {
    scheduler.after(1000, () => world.cut('us-east-1', 'us-west-2'));
    scheduler.after(UNSTEADY_MS, () => world.healAll());
  }
  const views = isChanged ? ['notes', 'words', 'lengths'] : ['notes', 'words'];
  scheduler.after(rebuildAt, () => {
    if (isChanged) domain.deploy(changed);
    for (const region of world.regions.values())
      for (const view of views)
        for (let i = 0; i < drivers; i++) pending.push(rebuild(scheduler, region, view, segments));
  });
  await scheduler.run(UNSTEADY_MS + 1);
  await scheduler.resolve(Promise.all(pending));
  await scheduler.runUntil(() => world.idle);
  return { world, domain, stores, views, scheduler };
}

describe('a rebuild while events keep arriving', () => {
  it('ends with the result of a fold from scratch, in every Region, and leaves no old rows', async () => {
    await fc.assert(
      fc.asyncProperty(run, async (options) => {
        const { world, domain, stores, views } = await runWorld(options);
        for (const [name, region] of world.regions) {
          const commits = (await Promise.all(streams.map((stream) => region.load(stream)))).flat();
          const store = stores.get(name) ?? expect.fail();
          expect(region.projectionDeadLetters.bodies).toEqual([]);
          for (const view of views) {
            const shown = (await readRows({ domain, views: store, runtime: fakeRuntime() }, view, { limit: 1000 }))
              .rows;
            expect(shown, `${view} in ${name}`).toEqual(await fromScratch(domain, commits, view));
            const { active, building, retired } = (await store.generations([view])).get(view) ?? expect.fail();
            expect({ building, retired }).toEqual({ building: undefined, retired: [] });
            expect(active.behind).toBeUndefined();
            for (let build = 1; build < active.build; build++)
              for (const version of [1, 2])
                expect(await isLeft(store, version * build === 1 ? view : `${view}@${version}.${build}`)).toBe(false);
          }
        }
      }),
      { numRuns: 25, interruptAfterTimeLimit: 60_000 },
    );
  }, 120_000);
});

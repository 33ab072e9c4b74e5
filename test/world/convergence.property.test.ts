import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  type Commit,
  type Domain,
  decodeVersionToken,
  defineDomain,
  type Snapshots,
  type VersionVector,
} from '../../core/index.ts';
import { type Entry, STOCK, toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import type { FaultyPorts } from '../../world/region/faults.ts';
import type { WorldRegion } from '../../world/region/region.ts';
import { type Random, randomBetween, seeded } from '../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../world/time/scheduler.ts';
import { World } from '../../world/world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const notes = ['note/a', 'note/b'];
const stocks = ['stock/0', 'stock/1', 'stock/2'];
const texts = ['red', 'green', 'blue'] as const;

const region = fc.constantFrom(...regions);
const at = fc.integer({ min: 0, max: 4000 });
const text = fc.constantFrom(...texts);
/** Only a few ids, so that requests are repeated, even in other Regions. */
const id = fc.integer({ min: 0, max: 8 }).map((n) => `id-${n}`);

const stream = fc.constantFrom(...notes, ...stocks);

/** A request to a Region, a read of a note there, or a change of a link between Regions. */
interface Request {
  readonly via: 'api' | 'bus';
  readonly at: number;
  readonly region: string;
  readonly stream: string;
  readonly id: string;
  readonly text: string;
  /** The version that the writer read, for notes over the API. */
  readonly basedOn: 'nothing' | 'remembered' | 'seen';
}
interface Look {
  readonly look: string;
  readonly at: number;
  readonly region: string;
}
interface Change {
  readonly link: 'cut' | 'heal';
  readonly at: number;
  readonly region: string;
  readonly to: string;
}

const request: fc.Arbitrary<Request> = fc.record({
  via: fc.constantFrom('api', 'bus'),
  at,
  region,
  stream,
  id,
  text,
  basedOn: fc.constantFrom('nothing', 'remembered', 'seen'),
});
const change: fc.Arbitrary<Change> = fc
  .record({ link: fc.constantFrom('cut', 'heal'), at, region, to: region })
  .filter(({ region, to }) => region !== to);
const look: fc.Arbitrary<Look> = fc.record({ look: fc.constantFrom(...notes), at, region });
const steps = fc.array(
  fc.oneof({ weight: 9, arbitrary: request }, { weight: 8, arbitrary: look }, { weight: 4, arbitrary: change }),
  { minLength: 1, maxLength: 80, size: 'max' },
);
const faults = fc.record({
  seed: fc.integer(),
  duplicates: fc.constantFrom(0, 0.3),
  reorders: fc.boolean(),
  clockAhead: fc.record({ 'us-east-2': fc.constantFrom(0, 700, 600_000) }),
  /** Snapshots are taken so often, and so early, that late commits make many of them unusable. */
  snapshots: fc.option(
    fc.record({ every: fc.constantFrom(1, 3), codeVersion: fc.constant(1), settle: fc.constantFrom(0, 500) }),
  ),
});

function withSnapshots(snapshots: Snapshots): Domain {
  const streams = [...toyDomain.streams.values()].map((stream) => ({ ...stream, snapshots }));
  const views = [...toyDomain.views.values()].map((view) => ({
    ...view,
    of: streams.find(({ type }) => type === view.of.type) ?? view.of,
  }));
  return defineDomain({ streams, views });
}

type Faults = typeof faults extends fc.Arbitrary<infer T> ? T : never;

const outcomeSchema = z.object({
  'detail-type': z.enum(['Accepted', 'Rejected']),
  detail: z.object({ id: z.string(), stream: z.string() }),
});
const acceptedSchema = z.object({ id: z.string(), stream: z.string(), version: z.string() });

/** What a Region showed of a note at some time. */
interface Sight {
  readonly region: string;
  readonly stream: string;
  readonly version: VersionVector;
  readonly state: unknown;
  /** The requests in the note's row. Which of several copies counts may change when another copy arrives. */
  readonly row: ReadonlySet<string>;
}

/** What is known of a run from outside: the responses. */
class Answers {
  /** Per stream, the ids reported as committed. */
  readonly acknowledged = new Map<string, Set<string>>();
  /** Per request over the bus, its receipts. */
  readonly outcomes = new Map<string, Set<string>>();
  readonly sent = new Set<string>();
  readonly sights: Sight[] = [];

  acknowledge({ stream, id }: { readonly stream: string; readonly id: string }): void {
    this.acknowledged.set(stream, (this.acknowledged.get(stream) ?? new Set()).add(id));
  }

  hear(event: unknown): void {
    const { 'detail-type': told, detail } = outcomeSchema.parse(event);
    const key = `${detail.stream} ${detail.id}`;
    this.outcomes.set(key, (this.outcomes.get(key) ?? new Set()).add(told));
    if (told === 'Accepted') this.acknowledge(detail);
  }
}

/** Runs the steps in a separate world, heals every link at the end, and waits until it is idle. */
async function run(steps: readonly (Request | Look | Change)[], { snapshots, ...faults }: Faults) {
  const scheduler = new VirtualScheduler();
  const withFaults = (_region: string, ports: FaultyPorts) => slowly(scheduler, seeded(faults.seed), ports);
  const world = new World({
    domain: snapshots ? withSnapshots(snapshots) : toyDomain,
    regions,
    scheduler,
    withFaults,
    ...faults,
  });
  const answers = new Answers();
  const remembered = new Map<string, string>();
  for (const { bus } of world.regions.values())
    bus.addRule({ source: ['meridian.receipt'] }, { kind: 'listener', listen: (event) => answers.hear(event) });

  const send = async ({ via, region: at, stream, text, basedOn, ...request }: Request): Promise<void> => {
    const region = world.region(at);
    const isNote = notes.includes(stream);
    // The same id with another text would be another request.
    const id = `${request.id}-${text}`;
    const [command, input] = isNote ? ['note', { text }] : ['take', id];
    if (via === 'bus') {
      answers.sent.add(`${stream} ${id}`);
      const detail = JSON.stringify({ id, stream, command, input });
      await region.bus.put([{ source: 'test', detailType: 'meridian.command', detail }]);
      return;
    }
    const seen = basedOn === 'seen' ? await versionAt(region, stream) : undefined;
    const token = isNote && basedOn !== 'nothing' ? (seen ?? remembered.get(stream)) : undefined;
    if (token !== undefined) remembered.set(stream, token);
    const answer = await region.request(
      functionUrlEvent({
        method: 'POST',
        path: `/streams/${stream}/commands/${command}`,
        headers: { 'idempotency-key': id, ...(token !== undefined && { 'if-match': `"${token}"` }) },
        body: JSON.stringify(input),
      }),
    );
    expect([200, 409, 422, 425, 503], answer.body).toContain(answer.statusCode);
    if (answer.statusCode !== 200) return;
    const { version, ...appended } = acceptedSchema.parse(JSON.parse(answer.body));
    answers.acknowledge(appended);
    remembered.set(stream, version);
  };

  /** Reads of each Region in sequence, so that they end in the order in which they read. */
  const looks = new Map<string, Promise<void>>();
  const lookAt = (look: Look): Promise<void> => {
    const done = (looks.get(look.region) ?? Promise.resolve()).then(() => lookOnce(look));
    looks.set(look.region, done);
    return done;
  };
  const lookOnce = async ({ look: stream, region: at }: Look): Promise<void> => {
    const region = world.region(at);
    const { rows } = rowsOfSchema.parse(await get(region, '/views/notes'));
    const row = rows.find(({ key }) => `note/${key}` === stream)?.value;
    const { version, state } = stateOfSchema.parse(await get(region, `/streams/${stream}`));
    answers.sights.push({
      region: at,
      stream,
      version: decodeVersionToken(stream, version, ''),
      state,
      row: new Set(
        z
          .array(z.object({ commitId: z.string() }))
          .parse(row ?? [])
          .map(({ commitId }) => commitId),
      ),
    });
  };

  const pending: Promise<void>[] = [];
  for (const step of steps)
    scheduler.after(step.at, () => {
      if ('via' in step) pending.push(send(step));
      else if ('look' in step) pending.push(lookAt(step));
      else world[step.link](step.region, step.to);
    });
  await scheduler.run(5000);
  world.healAll();
  await scheduler.resolve(Promise.all(pending));
  await scheduler.runUntil(() => world.idle);
  return { world, scheduler, answers };
}

/** Ports with delays before and after, so that invocations really overlap. */
function slowly(scheduler: VirtualScheduler, random: Random, ports: FaultyPorts): FaultyPorts {
  const slow =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await sleepOn(scheduler, randomBetween(random, [0, 20]));
      const answer = await call(...args);
      await sleepOn(scheduler, randomBetween(random, [0, 20]));
      return answer;
    };
  const { events, snapshots, views, bus } = ports;
  return {
    ...ports,
    events: { ...events, load: slow(events.load), loadLog: slow(events.loadLog), put: slow(events.put) },
    snapshots: { newest: slow(snapshots.newest), put: slow(snapshots.put), drop: slow(snapshots.drop) },
    views: { ...views, entries: slow(views.entries), apply: slow(views.apply) },
    bus: { put: slow((entries) => bus.put(entries)) },
  };
}

async function get(region: WorldRegion, path: string): Promise<unknown> {
  const { body, statusCode } = await region.request(functionUrlEvent({ method: 'GET', path }));
  expect(statusCode, body).toBe(200);
  return JSON.parse(body);
}

async function versionAt(region: WorldRegion, stream: string): Promise<string> {
  return z.object({ version: z.string() }).parse(await get(region, `/streams/${stream}`)).version;
}

const stateOfSchema = z.object({ state: z.unknown(), version: z.string() });
const rowsOfSchema = z.object({ rows: z.array(z.object({ key: z.string(), value: z.unknown() })) });

function dotOf({ log, position }: Commit): string {
  return `${log}.${position}`;
}
function knows(a: Commit, b: Commit): boolean {
  return (a.context[b.log] ?? 0) >= b.position;
}

/**
 * The state of a note by definition: all commits in the order of their stamps, without copies; quadratic and simple.
 */
function referenceFold(commits: readonly Commit[]): readonly Entry[] {
  const order = (c: Commit) => `${c.hlc} ${c.log} ${String(c.position).padStart(9, '0')}`;
  const sorted = [...commits].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const firsts = sorted.filter((c, i) => sorted.findIndex((other) => other.commitId === c.commitId) === i);
  return firsts.map((c, i) => ({
    id: `${c.stream}@${dotOf(c)}.0`,
    commitId: c.commitId,
    text: z.object({ text: z.string() }).parse(c.events[0]?.data).text,
    unseen: firsts
      .slice(0, i)
      .filter(
        (earlier) =>
          !sorted.some((copy) => copy.commitId === earlier.commitId && order(copy) < order(c) && knows(c, copy)),
      )
      .map((earlier) => `${earlier.stream}@${dotOf(earlier)}.0`),
  }));
}

function covers(a: VersionVector, b: VersionVector): boolean {
  return Object.entries(b).every(([log, position]) => (a[log] ?? 0) >= position);
}

/** Every commit that a writer had seen has a lower stamp, and the writer had also seen the context of that commit. */
function expectCausalOrder(commits: readonly Commit[]): void {
  for (const commit of commits)
    for (const known of commits.filter((other) => knows(commit, other))) {
      expect(known.hlc < commit.hlc, `${dotOf(known)} is stamped after ${dotOf(commit)}, which knew it`).toBe(true);
      expect(covers(commit.context, known.context), `the context of ${dotOf(commit)} has a hole`).toBe(true);
    }
}

/** What was shown is the fold of a version that is causally closed. */
function expectClosedPrefix({ version, state }: Sight, all: readonly Commit[]): void {
  const seen = all.filter(({ log, position }) => (version[log] ?? 0) >= position);
  expect(state).toEqual(referenceFold(seen));
  for (const { context } of seen) expect(covers(version, context), 'a version has a hole').toBe(true);
}

function wordsOf(states: readonly (readonly Entry[])[]) {
  return texts
    .map((text) => ({ key: text, value: states.flat().filter((entry) => entry.text === text).length }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

describe('three Regions', () => {
  it('agree with each other and with a reference fold, and lose no acknowledged event, whichever links are cut', async () => {
    await fc.assert(
      fc.asyncProperty(steps, faults, async (steps, faults) => {
        const { world, scheduler, answers } = await run(steps, faults);
        const all = [...world.regions.values()];
        const read = (region: WorldRegion, path: string) => scheduler.resolve(get(region, path));

        expect(new Set(answers.outcomes.keys())).toEqual(answers.sent);
        for (const [request, told] of answers.outcomes) expect([...told], request).toHaveLength(1);

        const references = new Map<string, readonly Entry[]>();
        for (const stream of [...notes, ...stocks]) {
          const [first = [], ...others] = await Promise.all(all.map((region) => region.load(stream)));
          for (const commits of others) expect(commits).toEqual(first);
          expectCausalOrder(first);
          const ids = new Set(first.map(({ commitId }) => commitId));
          for (const id of answers.acknowledged.get(stream) ?? []) expect(ids).toContain(id);
          if (notes.includes(stream)) references.set(stream, referenceFold(first));
          else expect(first.length).toBeLessThanOrEqual(STOCK);
        }

        for (const sight of answers.sights) expectClosedPrefix(sight, (await all[0]?.load(sight.stream)) ?? []);
        for (const [, sights] of Map.groupBy(answers.sights, ({ region, stream }) => `${region} ${stream}`))
          for (const [i, { version, row }] of sights.entries())
            for (const earlier of sights.slice(0, i)) {
              expect(covers(version, earlier.version), 'a version goes back').toBe(true);
              expect(row.isSupersetOf(earlier.row), 'a row goes back').toBe(true);
            }

        for (const region of all) {
          for (const [stream, state] of references)
            expect(stateOfSchema.parse(await read(region, `/streams/${stream}`)).state).toEqual(state);
          const written = [...references].filter(([, state]) => state.length > 0);
          expect(rowsOfSchema.parse(await read(region, '/views/notes')).rows).toEqual(
            written.map(([stream, value]) => ({ key: stream.replace('note/', ''), value })),
          );
          expect(rowsOfSchema.parse(await read(region, '/views/words')).rows).toEqual(
            wordsOf([...references.values()]),
          );
          expect(region.tableStream.failures).toEqual([]);
          expect([...region.quarantine.bodies, ...region.projectionDeadLetters.bodies]).toEqual([]);
        }
      }),
      { numRuns: 150, interruptAfterTimeLimit: 60_000 },
    );
  }, 120_000);
});

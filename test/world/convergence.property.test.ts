import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Commit } from '../../core/index.ts';
import type { WorldRegion } from '../../world/region.ts';
import { VirtualScheduler } from '../../world/scheduler.ts';
import { functionUrlEvent } from '../../world/server.ts';
import { World } from '../../world/world.ts';
import { type Entry, ledgerDomain, STOCK } from './ledger-domain.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const notes = ['note/a', 'note/b'];
const stocks = ['stock/0', 'stock/1', 'stock/2'];
const texts = ['red', 'green', 'blue'] as const;

const region = fc.constantFrom(...regions);
const at = fc.integer({ min: 0, max: 6000 });
const text = fc.constantFrom(...texts);
/** A few ids only, so that requests are repeated, in other Regions too. */
const id = fc.integer({ min: 0, max: 30 }).map((n) => `id-${n}`);

type Step =
  | {
      readonly kind: 'api';
      readonly at: number;
      readonly region: string;
      readonly stream: string;
      readonly id: string;
      readonly text: string;
      readonly basedOn: 'nothing' | 'remembered' | 'seen';
    }
  | {
      readonly kind: 'bus';
      readonly at: number;
      readonly region: string;
      readonly stream: string;
      readonly id: string;
      readonly text: string;
    }
  | { readonly kind: 'cut' | 'heal'; readonly at: number; readonly region: string; readonly to: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('api'),
      at,
      region,
      stream: fc.constantFrom(...notes, ...stocks),
      id,
      text,
      basedOn: fc.constantFrom('nothing', 'remembered', 'seen'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('bus'),
      at,
      region,
      stream: fc.constantFrom(...notes, ...stocks),
      id,
      text,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'heal'), at, region, to: region }) },
);

const accepted = z.object({ id: z.string(), stream: z.string(), version: z.string() });

/** Runs the steps in a world of their own; heals every link in the end and waits until nothing is under way. */
const run = async (
  steps: readonly Step[],
  faults: {
    readonly seed: number;
    readonly duplicates: number;
    readonly reorders: boolean;
    readonly clockAhead: Record<string, number>;
  },
) => {
  const scheduler = new VirtualScheduler();
  const world = new World({ domain: ledgerDomain, regions, scheduler, ...faults });
  const acknowledged = new Map<string, Set<string>>();
  const outcomes = new Map<string, Set<string>>();
  const remembered = new Map<string, string>();
  const acknowledge = ({ stream, id }: { stream: string; id: string }) =>
    acknowledged.set(stream, (acknowledged.get(stream) ?? new Set()).add(id));

  for (const { bus } of world.regions.values())
    for (const outcome of ['Accepted', 'Rejected'])
      bus.addRule(
        { source: ['meridian.outcome'], 'detail-type': [outcome] },
        {
          kind: 'listener',
          listen: (event) => {
            const { detail } = z.object({ detail: z.object({ id: z.string(), stream: z.string() }) }).parse(event);
            const key = `${detail.stream} ${detail.id}`;
            outcomes.set(key, (outcomes.get(key) ?? new Set()).add(outcome));
            if (outcome === 'Accepted') acknowledge(detail);
          },
        },
      );

  const perform = async (step: Step): Promise<void> => {
    if (step.kind === 'cut' && step.region !== step.to) return world.cut(step.region, step.to);
    if (step.kind === 'heal' && step.region !== step.to) return world.heal(step.region, step.to);
    if (step.kind === 'cut' || step.kind === 'heal') return undefined;
    const { stream, text } = step;
    // The same id on another stream, or with another text, is another request.
    const id = `${step.id}-${text}`;
    const command = stream.startsWith('stock') ? 'take' : 'write';
    if (step.kind === 'bus') {
      const detail = JSON.stringify({ id, stream, command, input: stream.startsWith('stock') ? id : text });
      await world.region(step.region).bus.put([{ source: 'test', detailType: 'meridian.command', detail }]);
      return undefined;
    }
    const token =
      step.basedOn === 'nothing' || stream.startsWith('stock')
        ? undefined
        : step.basedOn === 'remembered'
          ? remembered.get(stream)
          : await versionAt(world.region(step.region), stream);
    if (token !== undefined) remembered.set(stream, token);
    const headers = { 'idempotency-key': id, ...(token !== undefined && { 'if-match': `"${token}"` }) };
    const path = `/streams/${stream}/commands/${command}`;
    const body = JSON.stringify(stream.startsWith('stock') ? id : text);
    const answer = await world.region(step.region).request(functionUrlEvent({ method: 'POST', path, headers, body }));
    expect([200, 409, 422, 425, 503], answer.body).toContain(answer.statusCode);
    if (answer.statusCode === 200) acknowledge(accepted.parse(JSON.parse(answer.body)));
    return undefined;
  };

  const pending: Promise<void>[] = [];
  for (const step of steps) scheduler.after(step.at, () => void pending.push(perform(step)));
  await scheduler.run(7000);
  world.healAll();
  await scheduler.runUntil(() => world.idle);
  await Promise.all(pending);
  await scheduler.runUntil(() => world.idle);
  return { world, scheduler, acknowledged, outcomes };
};

const get = async (region: WorldRegion, path: string): Promise<unknown> => {
  const { body, statusCode } = await region.request(functionUrlEvent({ method: 'GET', path }));
  expect(statusCode, body).toBe(200);
  return JSON.parse(body);
};

const versionAt = async (region: WorldRegion, stream: string): Promise<string> =>
  z.object({ version: z.string() }).parse(await get(region, `/streams/${stream}`)).version;

const stateOf = z.object({ state: z.unknown(), version: z.string() });
const rowsOf = z.object({ rows: z.array(z.object({ key: z.string(), value: z.unknown() })) });

const dotOf = ({ log, position }: Commit): string => `${log}.${position}`;
const knows = (a: Commit, b: Commit): boolean => (a.context[b.log] ?? 0) >= b.position;

/** The state of a note by definition: all commits in the order of their stamps, copies left out, quadratic and plain. */
const referenceFold = (commits: readonly Commit[]): readonly Entry[] => {
  const order = (c: Commit) => `${c.hlc} ${c.log} ${String(c.position).padStart(9, '0')}`;
  const sorted = [...commits].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const firsts = sorted.filter((c, i) => sorted.findIndex((other) => other.commitId === c.commitId) === i);
  return firsts.map((c, i) => ({
    id: `${c.stream}@${dotOf(c)}.0`,
    text: z.object({ text: z.string() }).parse(c.events[0]?.data).text,
    concurrent: firsts
      .slice(0, i)
      .filter(
        (earlier) =>
          !sorted.some((copy) => copy.commitId === earlier.commitId && order(copy) < order(c) && knows(c, copy)),
      )
      .map((earlier) => `${earlier.stream}@${dotOf(earlier)}.0`),
  }));
};

const wordsOf = (states: readonly (readonly Entry[])[]) =>
  texts
    .map((text) => ({ key: text, value: { count: states.flat().filter((entry) => entry.text === text).length } }))
    .filter(({ value }) => value.count > 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1));

describe('three Regions', () => {
  it('agree with each other and with a reference fold, and lose no acknowledged event, whatever links do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.record({
          seed: fc.integer(),
          duplicates: fc.constantFrom(0, 0.3),
          reorders: fc.boolean(),
          clockAhead: fc.record({ 'us-east-2': fc.constantFrom(0, 700, 120_000) }),
        }),
        async (steps, faults) => {
          const { world, scheduler, acknowledged, outcomes } = await run(steps, faults);
          const all = [...world.regions.values()];
          const read = (region: WorldRegion, path: string) => scheduler.resolve(get(region, path));

          for (const [request, what] of outcomes) expect([...what], request).toHaveLength(1);
          const references = new Map<string, readonly Entry[]>();
          for (const stream of [...notes, ...stocks]) {
            const [first = [], ...others] = await Promise.all(all.map(async (region) => region.load(stream)));
            for (const commits of others) expect(commits).toEqual(first);
            const ids = new Set(first.map(({ commitId }) => commitId));
            for (const id of acknowledged.get(stream) ?? []) expect(ids).toContain(id);
            if (stream.startsWith('stock')) {
              expect(first.length).toBeLessThanOrEqual(STOCK);
              expect(ids.size).toBe(first.length);
            } else references.set(stream, referenceFold(first));
          }
          for (const region of all) {
            for (const [stream, state] of references)
              expect(stateOf.parse(await read(region, `/streams/${stream}`)).state).toEqual(state);
            const { rows } = rowsOf.parse(await read(region, '/views/notes'));
            expect(rows).toEqual(
              [...references]
                .filter(([, state]) => state.length > 0)
                .map(([stream, value]) => ({ key: stream.slice(5), value })),
            );
            expect(rowsOf.parse(await read(region, '/views/words')).rows).toEqual(wordsOf([...references.values()]));
            expect(region.tableStream.failures).toEqual([]);
            expect([...region.quarantine.bodies, ...region.projectionDeadLetters.bodies]).toEqual([]);
          }
        },
      ),
      { numRuns: 200 },
    );
  }, 120_000);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const ids = ['id-0', 'id-1', 'id-2'] as const;
const texts = ['red', 'green', 'blue'] as const;
const STREAM = 'note/shared';

/** Few ids and texts, so that Regions often reuse an id: sometimes for the same request, sometimes for different requests. */
const append = fc.record({
  at: fc.integer({ min: 0, max: 3000 }),
  region: fc.constantFrom(...regions),
  id: fc.constantFrom(...ids),
  text: fc.constantFrom(...texts),
});
const trouble = fc.record({
  seed: fc.integer(),
  duplicates: fc.constantFrom(0, 0.4),
  clockAhead: fc.record({ 'us-east-2': fc.constantFrom(0, 600_000) }),
  /** The Region that is cut off from the others while the appends are sent. */
  cutOff: fc.constantFrom(...regions),
});

const acceptedSchema = z.object({ log: z.string(), position: z.int() });
const refusedSchema = z.object({ code: z.literal('id-reused') });
const shownSchema = z.object({ state: z.array(z.object({ commitId: z.string(), text: z.string() })) });

describe('ids that Regions use for several requests on a merge stream while they are cut off from each other', () => {
  it('count once, for the same request in every Region; a retry of an accepted request returns its own commit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(append, { minLength: 2, maxLength: 12 }), trouble, async (appends, options) => {
        const { cutOff, ...faults } = options;
        const { world, scheduler, send, call, settle } = aWorld({ regions, ...faults });
        for (const other of regions.filter((region) => region !== cutOff)) {
          world.cut(cutOff, other);
          world.cut(other, cutOff);
        }
        const bodyOf = (id: string, text: string) => ({
          body: { id, stream: STREAM, events: [{ type: 'Noted', data: { text } }] },
        });
        const pending: Promise<void>[] = [];
        /** By id and text, the commits that were reported. */
        const reported = new Map<string, Set<string>>();
        for (const { at, region, id, text } of appends)
          scheduler.after(at, () => {
            const one = async () => {
              const { status, body } = await send(region, 'POST', '/events', bodyOf(id, text));
              if (status === 409) return void refusedSchema.parse(body);
              expect(status, JSON.stringify(body)).toBe(200);
              const { log, position } = acceptedSchema.parse(body);
              reported.set(`${id} ${text}`, (reported.get(`${id} ${text}`) ?? new Set()).add(`${log}.${position}`));
            };
            pending.push(one());
          });
        await scheduler.run(3001);
        await scheduler.resolve(Promise.all(pending));
        world.healAll();
        await settle();

        const stored = await Promise.all(regions.map((region) => world.region(region).load(STREAM)));
        const [commits = []] = stored;
        for (const others of stored) expect(others).toEqual(commits);
        const dots = new Set(commits.map(({ log, position }) => `${log}.${position}`));
        for (const own of reported.values()) expect(own.isSubsetOf(dots)).toBe(true);

        const states = await scheduler.resolve(
          Promise.all(regions.map((region) => send(region, 'GET', `/streams/${STREAM}`))),
        );
        const [state = []] = states.map(({ body }) => shownSchema.parse(body).state);
        for (const { body } of states) expect(shownSchema.parse(body).state).toEqual(state);
        // Each id counts once, for the request that was stamped first.
        const byStamp = commits.toSorted((a, b) => (`${a.hlc} ${a.log}` < `${b.hlc} ${b.log}` ? -1 : 1));
        const counting = byStamp.filter(
          (one, i) => byStamp.findIndex(({ commitId }) => commitId === one.commitId) === i,
        );
        expect(state.map(({ commitId, text }) => [commitId, text])).toEqual(
          counting.map(({ commitId, events }) => [
            commitId,
            z.object({ text: z.string() }).parse(events[0]?.data).text,
          ]),
        );

        for (const region of regions)
          for (const id of ids)
            for (const text of texts) {
              if (!commits.some(({ commitId }) => commitId === id)) continue;
              const { status, body } = await call(region, 'POST', '/events', bodyOf(id, text));
              const own = reported.get(`${id} ${text}`);
              if (own === undefined) {
                expect(status).toBe(409);
                refusedSchema.parse(body);
                continue;
              }
              expect(status).toBe(200);
              const { log, position } = acceptedSchema.parse(body);
              expect(own).toContain(`${log}.${position}`);
            }
        await settle();
        for (const region of regions) expect(await world.region(region).load(STREAM)).toEqual(commits);
      }),
      { numRuns: 60 },
    );
  });
});

import { functionUrlEvent, VirtualScheduler, World } from '@meridian-es/meridian/world';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { domain } from '../registry/index.ts';

const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;

/** A request of an operator. */
const askedArbitrary = fc.record({
  region: fc.constantFrom(...REGIONS),
  number: fc.constantFrom('N1', 'N2'),
  aircraft: fc.constantFrom('a', 'b', 'c'),
  isRelease: fc.boolean(),
});

it('gives a number to one aircraft at a time, whatever Regions are asked at once, even if one is cut off', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(askedArbitrary, { minLength: 2, maxLength: 12 }),
      fc.option(fc.constantFrom(...REGIONS), { nil: undefined }),
      async (asked, cutOff) => {
        const scheduler = new VirtualScheduler();
        const world = new World({ domain, regions: REGIONS, scheduler });
        for (const other of cutOff ? REGIONS : [])
          if (cutOff && other !== cutOff) {
            world.cut(cutOff, other);
            world.cut(other, cutOff);
          }
        const answers = await scheduler.resolve(
          Promise.all(
            asked.map(async ({ region, number, aircraft, isRelease }) => {
              const path = `/streams/tail-number/${number}/commands/${isRelease ? 'release' : 'register'}`;
              const event = functionUrlEvent({ method: 'POST', path, body: JSON.stringify({ aircraft }) });
              const { statusCode } = await world.region(region).request(event);
              return { region, statusCode };
            }),
          ),
        );
        for (const { region, statusCode } of answers)
          expect(region === cutOff ? [503] : [200, 422]).toContain(statusCode);
        world.healAll();
        await scheduler.runUntil(() => world.idle);
        for (const number of ['N1', 'N2']) {
          const commits = await world.region('us-east-1').load(`tail-number/${number}`);
          // Each of them was decided on the one before: it is registered and released in turn, for the same aircraft.
          const events = commits.flatMap((commit) => commit.events);
          expect(events.map(({ type }) => type)).toEqual(
            events.map((_, i) => (i % 2 === 0 ? 'Registered' : 'Released')),
          );
          for (const [i, { type, data }] of events.entries())
            if (type === 'Released') expect(data).toEqual(events[i - 1]?.data);
          for (const region of REGIONS)
            expect(await world.region(region).load(`tail-number/${number}`)).toEqual(commits);
        }
      },
    ),
    { numRuns: 60 },
  );
});

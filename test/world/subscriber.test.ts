import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryProgress } from '../../adapters/memory/progress.ts';
import { type Progress, type SubscribedEvent, subscriptionPattern } from '../../core/index.ts';
import { subscription } from '../../lambdas/subscription.ts';
import type { Subscription } from '../../world/region/region.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
function perRegion<T>(make: () => T): ReadonlyMap<string, T> {
  return new Map(regions.map((region) => [region, make()]));
}
function inRegion<T>(of: ReadonlyMap<string, T>, region: string): T {
  return of.get(region) ?? expect.fail(region);
}

/** A subscriber in every Region that writes handled events into a journal. */
function aJournal(
  around: (progress: Progress<SubscribedEvent>, region: string) => Progress<SubscribedEvent> = (progress) => progress,
) {
  const journals = perRegion((): SubscribedEvent[] => []);
  const kept = new Map<string, Progress<SubscribedEvent>>();
  const progressIn = (region: string, now: () => number): Progress<SubscribedEvent> => {
    const progress = kept.get(region) ?? memoryProgress((event) => inRegion(journals, region).push(event), now);
    kept.set(region, progress);
    return progress;
  };
  const journal: Subscription = {
    name: 'journal',
    pattern: subscriptionPattern(['note', 'stock']),
    make: ({ region, runtime, telemetry }) => {
      const progress = around(progressIn(region, runtime.now), region);
      return subscription({ from: 'beginning', progress, runtime, telemetry, handle: (event) => [event] });
    },
  };
  return { journals, subscription: journal };
}

/** The places of each log, in the order in which they were handled. */
function linesOf(journal: readonly SubscribedEvent[]): Readonly<Record<string, readonly (readonly number[])[]>> {
  const lines = Map.groupBy(journal, ({ stream, meta: { log } }) => `${stream}@${log}`);
  return Object.fromEntries(
    [...lines].map(([log, events]) => [log, events.map(({ meta: { position, index } }) => [position, index])]),
  );
}

function inOrder(places: readonly (readonly number[])[]) {
  return places.toSorted(([p1 = 0, i1 = 0], [p2 = 0, i2 = 0]) => p1 - p2 || i1 - i2);
}

describe('a subscriber in every Region', () => {
  it('handles every event of every Region once, in log order, whatever the buses and queues do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
        const { journals, subscription } = aJournal();
        const { world, settle, write, putTake } = aWorld({
          regions,
          seed,
          duplicates: 0.3,
          reorders: true,
          subscriptions: [subscription],
        });
        for (let i = 0; i < 6; i++)
          for (const region of regions)
            await write(region, `${region}-${i}`, 'note/a', 'one', ...(i % 2 ? ['two', 'three'] : []));
        for (let i = 0; i < 4; i++) await putTake('us-west-2', `take-${i}`, 'stock/0');
        await settle();

        const written = (
          await Promise.all(['note/a', 'stock/0'].map((stream) => world.region('us-east-1').load(stream)))
        ).flat();
        const expected = written.flatMap(({ stream, log, position, events }) =>
          events.map((_, index) => `${stream}@${log}.${position}.${index}`),
        );
        expect(expected).toHaveLength(3 * (3 + 3 * 3) + 4);
        for (const region of regions) {
          const journal = inRegion(journals, region);
          expect(journal.map(({ id }) => id).sort()).toEqual(expected.toSorted());
          for (const places of Object.values(linesOf(journal))) expect(places).toEqual(inOrder(places));
          expect(world.region(region).subscriberDeadLetters.bodies).toEqual([]);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('dies at any call, right before or right after it, and still handles every event once', async () => {
    let calls = 0;
    for (let death = 0; death === 0 || death < 2 * calls; death++) {
      calls = 0;
      const dying =
        <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
        async (...args: Args): Promise<Result> => {
          const now = Math.floor(death / 2) === calls++;
          if (now && death % 2 === 0) throw new Error('died before the call');
          const result = await call(...args);
          if (now) throw new Error('died after the call');
          return result;
        };
      const { journals, subscription } = aJournal((progress, region) =>
        region === 'us-west-2'
          ? {
              last: dying(progress.last),
              advance: dying(progress.advance),
              park: dying(progress.park),
              parked: dying(progress.parked),
            }
          : progress,
      );
      const { settle, write, world } = aWorld({ regions, seed: 7, reorders: true, subscriptions: [subscription] });
      await write('us-east-1', 'a', 'note/a', 'one', 'two', 'three');
      await write('us-east-1', 'b', 'note/a', 'four');
      await write('us-west-2', 'c', 'note/a', 'five');
      await settle();
      for (const region of regions) {
        const journal = inRegion(journals, region);
        expect(new Set(journal.map(({ id }) => id)).size, `death ${death}`).toBe(5);
        expect(journal, `death ${death}`).toHaveLength(5);
        for (const places of Object.values(linesOf(journal))) expect(places).toEqual(inOrder(places));
        expect(world.region(region).subscriberDeadLetters.bodies).toEqual([]);
      }
    }
    expect(calls).toBeGreaterThan(10);
  });

  it('receives events of a Region that was cut off once it is reachable', async () => {
    const { journals, subscription } = aJournal();
    const { world, settle, write } = aWorld({ regions, subscriptions: [subscription] });
    world.cut('us-east-1', 'us-west-2');
    await write('us-east-1', 'a', 'note/a', 'one');
    await settle();
    expect(inRegion(journals, 'us-west-2')).toEqual([]);
    world.healAll();
    await write('us-east-1', 'b', 'note/a', 'two');
    await settle();
    expect(linesOf(inRegion(journals, 'us-west-2'))).toEqual({
      'note/a@us-east-1': [
        [1, 0],
        [2, 0],
      ],
    });
  });

  it('holds a log whose event was lost, and continues when that event is republished', async () => {
    const { journals, subscription } = aJournal();
    const lost: string[] = [];
    const { world, settle, write, scheduler } = aWorld({
      regions,
      subscriptions: [subscription],
      withFaults: (region, ports) => ({
        ...ports,
        bus: {
          put: async (entries) => {
            if (region !== 'us-east-1' || lost.length > 0) return ports.bus.put(entries);
            lost.push(...entries.map(({ detail }) => detail));
            return entries.map(() => undefined);
          },
        },
      }),
    });
    await write('us-east-1', 'a', 'note/a', 'lost');
    await settle();
    await write('us-east-1', 'b', 'note/a', 'waits');
    await scheduler.run(60_000);
    for (const region of regions) expect(inRegion(journals, region)).toEqual([]);

    // Does what `republish` does: sends the event from the table again, unchanged.
    const entries = lost.map((detail) => ({ source: 'meridian.note', detailType: 'Noted', detail }));
    await world.region('us-east-1').bus.put(entries);
    await scheduler.run(1000);
    for (const region of regions)
      expect(linesOf(inRegion(journals, region))).toEqual({
        'note/a@us-east-1': [
          [1, 0],
          [2, 0],
        ],
      });
    await settle();
    for (const region of regions) expect(world.region(region).subscriberDeadLetters.bodies).toEqual([]);
  });
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Handled } from '../../core/index.ts';
import { type Addition, type HandleContext, subscriber } from '../../lambdas/index.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import type { FaultyPorts } from '../../world/region/faults.ts';
import type { WorldSubscriber } from '../../world/subscribers.ts';
import { makeTree } from '../checks/tree.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
function perRegion<T>(make: () => T): ReadonlyMap<string, T> {
  return new Map(regions.map((region) => [region, make()]));
}
function inRegion<T>(of: ReadonlyMap<string, T>, region: string): T {
  return of.get(region) ?? expect.fail(region);
}

type SubscriberProgress = NonNullable<FaultyPorts['progress']>;

/** A subscriber, by default in every Region; the events that it was called with, and those recorded as handled in each Region. */
function aJournal({
  around = (progress) => progress,
  ...definition
}: Partial<WorldSubscriber> & {
  readonly around?: (progress: SubscriberProgress, region: string) => SubscriberProgress;
} = {}) {
  const journals = perRegion((): Handled[] => []);
  const calls: { readonly region: string; readonly key: string; readonly id: string }[] = [];
  const recording = (progress: SubscriberProgress, region: string): SubscriberProgress => ({
    ...progress,
    advance: async (handled, before, effects) => {
      const recorded = await progress.advance(handled, before, effects);
      if (recorded) inRegion(journals, region).push(handled);
      return recorded;
    },
  });
  const handle = ({ id }: { readonly id: string }, { region, key }: HandleContext): readonly Addition[] => {
    calls.push({ region, key, id });
    return [{ key: id, sums: { handled: 1 } }];
  };
  return {
    journals,
    calls,
    options: {
      subscribers: {
        journal: {
          entry: '/not/loaded.ts',
          streamTypes: ['note', 'stock'],
          handler: subscriber({ handle, outcome: handle }),
          ...definition,
        },
      },
      withFaults: (region: string, { progress, ...ports }: FaultyPorts): FaultyPorts => ({
        ...ports,
        ...(progress && { progress: around(recording(progress, region), region) }),
      }),
    },
  };
}

/** The handled places of each log, in the order of handling. */
function linesOf(journal: readonly Handled[]): Readonly<Record<string, readonly (readonly number[])[]>> {
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
        const { journals, options } = aJournal();
        const { world, settle, write, putTake } = aWorld({
          regions,
          seed,
          duplicates: 0.3,
          reorders: true,
          ...options,
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
          expect(world.region(region).deadLettersOf('journal').bodies).toEqual([]);
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
      const {
        journals,
        calls: handled,
        options,
      } = aJournal({
        around: (progress, region) =>
          region === 'us-west-2'
            ? {
                last: dying(progress.last),
                advance: dying(progress.advance),
                park: dying(progress.park),
                parked: dying(progress.parked),
              }
            : progress,
      });
      const { settle, write, world } = aWorld({
        regions,
        seed: 7,
        reorders: true,
        telemetry: silentTelemetry,
        ...options,
      });
      await write('us-east-1', 'a', 'note/a', 'one', 'two', 'three');
      await write('us-east-1', 'b', 'note/a', 'four');
      await write('us-west-2', 'c', 'note/a', 'five');
      await settle();
      for (const region of regions) {
        const journal = inRegion(journals, region);
        expect(new Set(journal.map(({ id }) => id)).size, `death ${death}`).toBe(5);
        expect(journal, `death ${death}`).toHaveLength(5);
        for (const places of Object.values(linesOf(journal))) expect(places).toEqual(inOrder(places));
        expect(world.region(region).deadLettersOf('journal').bodies).toEqual([]);
        expect([...world.region(region).sumsOf('journal').values()]).toEqual(Array(5).fill({ handled: 1 }));
      }
      // A receiver that deduplicates by key does everything once, however often it is called.
      expect(new Set(handled.map(({ key }) => key)).size).toBe(5);
      expect(handled.length).toBeGreaterThanOrEqual(15);
    }
    expect(calls).toBeGreaterThan(10);
  });

  it('receives the events of a Region that was cut off once the link is back', async () => {
    const { journals, options } = aJournal();
    const { world, settle, write } = aWorld({ regions, ...options });
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

  it('holds a log whose event was lost on the way, and resumes it when that event is republished', async () => {
    const { journals, options } = aJournal();
    const lost: string[] = [];
    const { world, settle, write, scheduler } = aWorld({
      regions,
      ...options,
      withFaults: (region, ports) => ({
        ...options.withFaults(region, ports),
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
    for (const region of regions) expect(world.region(region).deadLettersOf('journal').bodies).toEqual([]);
  });
});

describe('a subscriber in one Region', () => {
  it('handles the events of every Region once, and passes each on under one key however often it is tried', async () => {
    const mails = new Map<string, string>();
    let requests = 0;
    // The process ends after the effect, before that is recorded: once for each mail.
    const crashed = new Set<string>();
    const { journals, calls, options } = aJournal({
      runsIn: 'us-east-2',
      handler: subscriber({
        handle: ({ id }, { key, region }) => {
          requests++;
          calls.push({ region, key, id });
          mails.set(key, id);
        },
      }),
      around: (progress) => ({
        ...progress,
        advance: async (handled, before, effects) => {
          if (crashed.has(handled.id)) return progress.advance(handled, before, effects);
          crashed.add(handled.id);
          throw new Error('the process ended after the effect');
        },
      }),
    });
    const { world, scheduler, write } = aWorld({
      regions,
      seed: 3,
      duplicates: 0.5,
      reorders: true,
      telemetry: silentTelemetry,
      ...options,
    });
    for (const region of regions) for (const id of ['1', '2']) await write(region, `${region}-${id}`, 'note/a', 'red');
    // An event that waits for a second time does not keep the world from being idle.
    await scheduler.run(60 * 60_000);

    expect(inRegion(journals, 'us-east-2')).toHaveLength(6);
    expect(new Set(calls.map(({ region }) => region))).toEqual(new Set(['us-east-2']));
    // Six mails, although each was requested at least twice.
    expect(mails.size).toBe(6);
    expect(requests).toBeGreaterThanOrEqual(12);
    for (const key of mails.keys()) expect(key).toMatch(/^[\w-]{43}$/);
    for (const region of regions) expect(world.region(region).deadLettersOf('journal').bodies).toEqual([]);
    expect(() => world.region('us-east-1').deadLettersOf('diary')).toThrow(
      'The subscriber diary does not run in us-east-1',
    );
  });

  it('gets both copies of an append that was retried in another Region, under one key', async () => {
    const { calls, options } = aJournal({ runsIn: 'us-east-2' });
    const { world, settle, write } = aWorld({ regions, ...options });
    world.cut('us-east-1', 'us-west-2');
    for (const region of ['us-east-1', 'us-west-2']) await write(region, 'retried', 'note/a', 'red');
    await write('us-west-2', 'another', 'note/a', 'red');
    world.healAll();
    await settle();
    const keys = Map.groupBy(calls, ({ id }) => id);
    expect([...keys.keys()].sort()).toEqual(['note/a@us-east-1.1.0', 'note/a@us-west-2.1.0', 'note/a@us-west-2.2.0']);
    expect(new Set(calls.map(({ key }) => key)).size).toBe(2);
  });

  it('adds one row for each key that it returns, and holds up the log of an event for which it returns too many rows', async () => {
    const { options } = aJournal({
      runsIn: 'us-east-1',
      handler: subscriber({
        handle: ({ stream }) =>
          Array.from({ length: 100 }, (_, i) => ({
            key: stream === 'note/many' ? `row ${i}` : 'same',
            sums: { n: 1 },
          })),
      }),
    });
    const { world, settle, write } = aWorld({ regions, telemetry: silentTelemetry, ...options });
    for (const stream of ['note/many', 'note/few']) await write('us-east-1', stream, stream, 'red');
    await settle();
    expect([...world.region('us-east-1').sumsOf('journal')]).toEqual([['same', { n: 100 }]]);
    expect(world.region('us-east-1').deadLettersOf('journal').bodies).toMatchObject([
      expect.stringContaining('note/many'),
    ]);
  });

  it('gets the outcomes of transactions of every Region, each once', async () => {
    const { journals, options } = aJournal({ runsIn: 'us-west-2', streamTypes: [], outcomes: true });
    const { settle, call } = aWorld({ regions, duplicates: 0.5, reorders: true, ...options });
    const transact = async (region: string, id: string) => {
      const participants = [0, 1].map((stock) => ({ stream: `stock/${stock}`, command: 'take', input: id }));
      const answer = await call(region, 'POST', '/transactions', { body: { id: `${region}:${id}`, participants } });
      expect(answer).toMatchObject({ status: 200, body: { state: 'committed' } });
    };
    await transact('us-east-1', 'one');
    await transact('us-west-2', 'two');
    await settle();
    expect(
      inRegion(journals, 'us-west-2')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['tx/us-east-1:one', 'tx/us-west-2:two']);
  });
});

describe('a subscriber without a table', () => {
  it('handles every delivery, with one key per event, and keeps nothing', async () => {
    const { journals, calls, options } = aJournal({
      table: 'none',
      runsIn: 'where-written',
      handler: subscriber({ handle: ({ id }, { key, region }) => void calls.push({ region, key, id }) }),
    });
    const { world, settle, write } = aWorld({ regions, seed: 5, duplicates: 1, ...options });
    for (const id of ['1', '2', '3']) await write('us-west-2', id, 'note/a', 'red');
    await settle();
    expect(calls.length).toBeGreaterThan(3);
    expect(new Set(calls.map(({ region }) => region))).toEqual(new Set(['us-west-2']));
    expect(new Set(calls.map(({ key }) => key)).size).toBe(3);
    expect(inRegion(journals, 'us-west-2')).toEqual([]);
    expect(() => world.region('us-west-2').sumsOf('journal')).toThrow('or has no table there');
  });
});

describe('the file of a subscriber', () => {
  const inFile = (text: string) => {
    const root = makeTree({ 'mailer.mjs': text });
    onTestFinished(() => rmSync(root, { recursive: true }));
    return join(root, 'mailer.mjs');
  };

  it.each([
    [
      'that does not exist',
      () => '/not/there.mjs',
      '/not/there.mjs: There is no such file. Subscriber mailer cannot run: its file must contain',
    ],
    ['that throws', () => inFile("throw new Error('broken');"), 'broken'],
    ['without a handler', () => inFile('export const other = 1;'), 'exports no `handler`'],
    ['with another handler', () => inFile('export const handler = () => 1;'), 'was not made by `subscriber`'],
  ])('%s ends the world with an error that says what to write', async (_, entry, found) => {
    const { world, settle } = aWorld({ subscribers: { mailer: { entry: entry(), streamTypes: ['note'] } } });
    await expect(world.ready).rejects.toMatchObject({ code: 'invalid-subscriber-file' });
    await expect(settle()).rejects.toThrow(found);
  });

  it('may have the `grant` that an app adds to its definition', async () => {
    const { options } = aJournal({});
    const { world } = aWorld({
      subscribers: { journal: { ...options.subscribers.journal, ...{ grant: () => undefined } } },
    });
    await expect(world.ready).resolves.toBeUndefined();
  });

  it('is refused at once if its definition cannot be deployed', () => {
    expect(() => aWorld({ subscribers: { Mailer: { entry: '/a.ts', streamTypes: ['nose'] } } })).toThrow(
      expect.objectContaining({ code: 'invalid-definition' }),
    );
  });
});

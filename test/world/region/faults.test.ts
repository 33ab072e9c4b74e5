import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { MeridianError } from '../../../core/index.ts';
import type { FaultyPorts } from '../../../world/region/faults.ts';
import { type Around, portsAround } from '../../../world/region/faults.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { aWorld } from '../a-world.ts';

// A run for each call of a port takes a minute on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const regions = ['us-east-1', 'us-west-2'];
/** Homes: `stock/0` in us-east-1, `stock/1` in us-west-2. */
const takes = [
  ['us-east-1', 't1', 'stock/0'],
  ['us-west-2', 't2', 'stock/0'],
  ['us-east-1', 't3', 'stock/1'],
] as const;
const appends = [
  ['us-east-1', 'a1', 'note/a', 'red'],
  ['us-west-2', 'a2', 'note/a', 'green'],
  ['us-east-1', 'a3', 'note/a', 'blue', 'blue', 'red'],
  ['us-west-2', 'a4', 'note/b', 'red'],
] as const;
const unreadable = { stream: 'note/a', events: [] };

/**
 * Puts messages of every kind on the buses of a world with faults, waits until it is idle, and checks that nothing is
 * lost or duplicated: not in the tables, the views, the outcomes, nor among the events on the buses.
 */
async function runAndCheck(options: Parameters<typeof aWorld>[0], atRest = () => {}): Promise<void> {
  const { world, settle, putAppend, putTake, put, idsIn, rows, heard } = aWorld({ regions, ...options });

  for (const [region, id, stream, ...texts] of appends) await putAppend(region, id, stream, ...texts);
  for (const [region, id, stream] of takes) await putTake(region, id, stream);
  await put('us-east-1', 'meridian.append', { id: 'r1', stream: 'boat/a', events: [{ type: 'Sunk' }] });
  await put('us-west-2', 'meridian.append', unreadable);
  await settle();
  atRest();

  const commits = await world.region('us-east-1').load('note/a');
  expect(commits.map(({ commitId }) => commitId).sort()).toEqual(['a1', 'a2', 'a3']);
  expect((await idsIn('us-east-1', 'stock/0')).sort()).toEqual(['t1', 't2']);
  expect(await idsIn('us-east-1', 'stock/1')).toEqual(['t3']);
  expect(await idsIn('us-east-1', 'note/b')).toEqual(['a4']);
  const events = [
    ...commits,
    ...(
      await Promise.all(['note/b', 'stock/0', 'stock/1'].map(world.region('us-east-1').load, world.region('us-east-1')))
    ).flat(),
  ]
    .flatMap(({ stream, log, position, events: { length } }) =>
      Array.from({ length }, (_, index) => `${stream}@${log}.${position}.${index}`),
    )
    .sort();
  expect(events).toHaveLength(9);
  for (const name of regions) {
    const region = world.region(name);
    for (const stream of ['note/a', 'note/b', 'stock/0', 'stock/1'])
      expect(await region.load(stream)).toEqual(await world.region('us-east-1').load(stream));
    expect(await rows(name, 'words')).toEqual({ red: 3, green: 1, blue: 2 });
    expect(await rows(name, 'taken')).toEqual({ 0: { taken: 2 }, 1: { taken: 1 } });
    const notes = z.record(z.string(), z.array(z.object({ text: z.string() }))).parse(await rows(name, 'notes'));
    expect(notes.a?.map(({ text }) => text).sort()).toEqual(['blue', 'blue', 'green', 'red', 'red']);
    expect(notes.b?.map(({ text }) => text)).toEqual(['red']);
    // Every bus has each event at least once, with one id: after deduplication, exactly once.
    const ids = [...heard(name).keys()].filter((key) => !key.includes(' '));
    const [conflicts = [], published = []] = [true, false].map((is) =>
      ids.filter((id) => id.startsWith('conflict/') === is),
    );
    // What is announced of conflicts depends on what arrives first, but reaches every bus.
    expect(conflicts.filter((id) => !heard('us-east-1').has(id))).toEqual([]);
    expect(published.sort()).toEqual(events);
    expect(region.tableStream.failures).toEqual([]);
    expect(region.projectionDeadLetters.bodies).toEqual([]);
  }
  const outcomes = regions.flatMap((name) => [...heard(name).keys()].filter((key) => key.includes(' ')));
  expect(outcomes.sort()).toEqual(
    ['a1', 'a2', 'a3', 'a4', 't1', 't2', 't3'].map((id) => `Accepted ${id}`).concat('Rejected r1'),
  );
  expect(world.region('us-east-1').quarantine.bodies).toEqual([]);
  const quarantined = new Set(world.region('us-west-2').quarantine.bodies);
  expect([...quarantined]).toEqual([expect.stringContaining('no usable id')]);
}

interface Kill {
  /** The number of the call, from 0. */
  readonly call: number;
  /** Whether the call takes effect before the process dies. */
  readonly takesEffect: boolean;
}

/**
 * Ends function instances at calls of their ports: from then on no call of that instance returns, not even with an error.
 * Calls made after `atRest`, when tests read the results, do not count.
 */
function killer(...kills: readonly Kill[]) {
  const calls: string[] = [];
  let resting = false;
  const atRest = () => {
    resting = true;
  };
  const withFaults = (_region: string, ports: FaultyPorts): FaultyPorts => {
    let dead = false;
    const never = () => new Promise<never>(() => undefined);
    return portsAround(ports, async (call, name, args) => {
      if (dead) return never();
      if (resting) return call(args);
      const number = calls.push(name) - 1;
      const kill = kills.find((each) => each.call === number);
      if (kill) dead = true;
      if (kill && !kill.takesEffect) return never();
      const result = await call(args);
      return dead ? never() : result;
    });
  };
  return { calls, withFaults, atRest };
}
type Killer = ReturnType<typeof killer>;

/** The calls of ports made by `run`. */
async function callsOf(run: (killer: Killer) => Promise<void>): Promise<readonly string[]> {
  const observer = killer();
  await run(observer);
  return observer.calls;
}

function run({ withFaults, atRest }: Killer) {
  return runAndCheck({ withFaults }, atRest);
}

describe('a function that is killed', () => {
  it('at any call of a port, before or after its effect, loses and duplicates nothing', async () => {
    const calls = await callsOf(run);

    expect([...new Set(calls)].sort()).toEqual([
      'ahead.send',
      'bus.put',
      'events.load',
      'events.put',
      'events.taken',
      'ledger.ofStream',
      'ledger.put',
      'ledger.watched',
      'placements.records',
      'projection.send',
      'quarantine.send',
      'remote.invoke',
      'sightings.record',
      'views.apply',
      'views.entries',
      'views.generations',
      'views.setGenerations',
    ]);
    for (const [call, name] of calls.entries())
      for (const takesEffect of [false, true])
        await run(killer({ call, takesEffect })).catch((cause) => {
          throw new Error(`killed ${takesEffect ? 'after' : 'before'} call ${call}, ${name}`, { cause });
        });
  }, 180_000);

  it('several times in one run loses and duplicates nothing', async () => {
    const { length } = await callsOf(run);
    const kill = fc.record({ call: fc.integer({ min: 0, max: length }), takesEffect: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(kill, { minLength: 2, maxLength: 4 }), (kills) => run(killer(...kills))),
      { numRuns: 50 },
    );
  }, 60_000);

  it('during an API request runs the command once, when the caller retries', async () => {
    const take = async ({ withFaults, atRest }: Killer) => {
      const { world, scheduler, call, idsIn, settle, rows } = aWorld({ regions, withFaults });
      const request = { headers: { 'idempotency-key': 'mine' }, body: 'me' };
      const send = () => call('us-east-1', 'POST', '/streams/stock/1/commands/take', request);

      const { status } = await send().catch(() => ({ status: 502 }));
      if (status !== 200) {
        expect([502, 503]).toContain(status);
        expect(await send()).toMatchObject({ status: 200, body: { id: 'mine', position: 1 } });
      }
      await settle();
      atRest();

      expect(scheduler.now()).toBeGreaterThan(0);
      for (const region of world.regions.keys()) {
        expect(await idsIn(region, 'stock/1')).toEqual(['mine']);
        expect(await rows(region, 'taken')).toEqual({ 1: { taken: 1 } });
      }
    };
    const calls = await callsOf(take);
    expect(calls.slice(0, 3)).toEqual(['placements.records', 'remote.invoke', 'placements.records']);
    for (const call of calls.keys()) for (const takesEffect of [false, true]) await take(killer({ call, takesEffect }));
  });
});

/** How long calls fail, in milliseconds: shorter than it takes queues and streams to discard a message. */
const TROUBLE_MS = 4000;

const messagesSchema = z.array(z.unknown());

/** One call in `oneIn` fails: it is throttled, its response is lost, or a batch is accepted only in part. */
function trouble(scheduler: VirtualScheduler, seed: number, oneIn: number) {
  const random = seeded(seed);
  const begin = scheduler.now();
  const counts = new Map<string, number>();
  const withFaults = (_region: string, ports: FaultyPorts): FaultyPorts =>
    portsAround(ports, async (call, name, args) => {
      if (scheduler.now() - begin > TROUBLE_MS || random() * oneIn >= 1) return call(args);
      const isBatch = /\.(put|send)$/.test(name) && name !== 'events.put';
      const [kind = ''] = ['throttled', 'lost', ...(isBatch ? ['partial'] : [])].sort(() => random() - 0.5);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (kind === 'partial') {
        const batch = messagesSchema.parse(args[0]);
        const refused = new Set(batch.keys().filter(() => random() < 0.5));
        const accepted = batch.filter((_message, i) => !refused.has(i));
        if (accepted.length > 0) await call([accepted]);
        return batch.map((_message, i) => (refused.has(i) ? 'InternalFailure: try again' : undefined));
      }
      if (kind === 'lost') await call(args);
      throw new MeridianError('unavailable', `${name} was ${kind}: try again.`, { retryable: true });
    });
  return { counts, withFaults };
}

describe('failing stores, buses and queues', () => {
  it('throttled calls, lost responses and partly accepted batches, with duplicates and reordering, lose and duplicate nothing', async () => {
    const counts = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.constantFrom(2, 4, 10), fc.boolean(), async (seed, oneIn, disorder) => {
        const scheduler = new VirtualScheduler();
        const faults = trouble(scheduler, seed, oneIn);
        await runAndCheck({
          scheduler,
          seed,
          withFaults: faults.withFaults,
          duplicates: disorder ? 0.4 : 0,
          reorders: disorder,
        });
        for (const [kind, count] of faults.counts) counts.set(kind, (counts.get(kind) ?? 0) + count);
      }),
      { numRuns: 80 },
    );
    expect([...counts.keys()].sort()).toEqual(['lost', 'partial', 'throttled']);
  }, 60_000);
});

describe('a commit of several events', () => {
  it('is not shown in another Region before all of its events have arrived, and then once', async () => {
    let refuse = true;
    const { world, write, rows, settle, scheduler, heard } = aWorld({
      regions,
      withFaults: (region, ports) =>
        portsAround(ports, async (call, name, args) => {
          if (name !== 'bus.put' || region !== 'us-east-1' || !refuse) return call(args);
          const entries = messagesSchema.parse(args[0]);
          const isSecond = entries.map((entry) => JSON.stringify(entry).includes('us-east-1.1.1'));
          await call([entries.filter((_entry, i) => !isSecond[i])]);
          return entries.map((_entry, i) => (isSecond[i] ? 'InternalFailure: try again' : undefined));
        }),
    });
    world.cut('us-east-1', 'us-west-2', ['replication']);
    const id = (index: number) => `note/a@us-east-1.1.${index}`;

    await write('us-east-1', 'a', 'note/a', 'red', 'green', 'blue');
    await scheduler.run(3000);

    expect(heard('us-west-2').has(id(0)) && heard('us-west-2').has(id(2))).toBe(true);
    expect(heard('us-west-2').has(id(1))).toBe(false);
    expect(await rows('us-west-2', 'words')).toEqual({});

    refuse = false;
    await settle();
    world.healAll();
    await settle();
    expect(heard('us-west-2').has(id(1))).toBe(true);
    expect(await rows('us-west-2', 'words')).toEqual({ red: 1, green: 1, blue: 1 });
    expect(await world.region('us-west-2').load('note/a')).toHaveLength(1);
  });
});

describe('concurrent projectors on the same streams', () => {
  it('reach one result, however they overtake each other', async () => {
    let lost = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const scheduler = new VirtualScheduler();
        const random = seeded(seed);
        // Every call of the table and the views is delayed, so that projectors work on stale data.
        const slowly: Around = async (call, name, args) => {
          if (!/^(events|views)/.test(name)) return call(args);
          await sleepOn(scheduler, random() * 200);
          const result = await call(args);
          await sleepOn(scheduler, random() * 200);
          if (name === 'views.apply' && result === false) lost++;
          return result;
        };
        const { world, rows, settle, putAppend } = aWorld({
          regions,
          scheduler,
          seed,
          duplicates: 0.3,
          reorders: true,
          withFaults: (_region, ports) => portsAround(ports, slowly),
        });
        for (let i = 0; i < 12; i++) {
          await putAppend(regions[i % 2] ?? '', `id-${i}`, `note/${'ab'[i % 3 === 0 ? 0 : 1]}`, 'red', 'green');
          await scheduler.run(random() * 300);
        }
        await settle();
        for (const region of world.regions.keys()) {
          expect(await rows(region, 'words')).toEqual({ red: 12, green: 12 });
          const notes = z.record(z.string(), z.array(z.unknown())).parse(await rows(region, 'notes'));
          expect(Object.values(notes).map(({ length }) => length)).toEqual([8, 16]);
        }
      }),
      { numRuns: 15 },
    );
    expect(lost).toBeGreaterThan(0);
  }, 60_000);
});

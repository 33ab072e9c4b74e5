import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { wallTimeOf } from '../../core/index.ts';
import { subscriber } from '../../lambdas/index.ts';
import { toyDomain } from '../../testing/toy.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import { World } from '../../world/world.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const [east, ohio, west] = ['us-east-1', 'us-east-2', 'us-west-2'];

const seenSchema = z.object({ seen: z.record(z.string(), z.object({ at: z.string() }).nullable()) });

describe('a world', () => {
  it('shows in every Region what any of them has accepted', async () => {
    const { write, settle, rows, get, idsIn } = aWorld({ regions });

    await write(east, 'a', 'note/a', 'red');
    await write(west, 'b', 'note/a', 'blue');
    await settle();

    for (const region of regions) {
      expect((await idsIn(region, 'note/a')).sort()).toEqual(['a', 'b']);
      expect(await rows(region, 'words')).toEqual({ blue: 1, red: 1 });
      expect(await get(region, '/streams/note/a')).toMatchObject({
        state: [{ text: 'red' }, { text: 'blue' }],
        region,
      });
      const { seen } = seenSchema.parse(await get(region, '/health'));
      expect(Object.entries(seen).map(([of, sighting]) => [of, sighting !== null])).toEqual([
        [east, true],
        [ohio, false],
        [west, true],
      ]);
    }
  });

  it("has AWS's latencies between Regions, and none without latency", async () => {
    const times: number[][] = [];
    for (const latency of [true, false]) {
      const { write, settle, scheduler, world } = aWorld({ regions, latency });
      await write(east, 'a', 'note/a', 'red');
      const begin = scheduler.now();
      await settle();
      times.push([scheduler.now() - begin, ...regions.flatMap((region) => world.region(region).counts.lags)]);
    }
    const [[took = 0, ...lags] = [], without] = times;
    expect(took).toBeGreaterThan(500);
    expect(took).toBeLessThan(2000);
    expect(lags).toHaveLength(2);
    for (const lag of lags) expect(lag).toBeGreaterThanOrEqual(500);
    for (const lag of lags) expect(lag).toBeLessThan(1500);
    expect(without).toEqual([0, 0, 0]);
  });

  it('names its Regions when an unknown one is requested', () => {
    const { world } = aWorld({ regions });
    expect(() => world.region('mars-1')).toThrow(/mars-1.*us-east-1, us-east-2, us-west-2/);
  });

  it('has no link to an unknown Region', () => {
    const { world } = aWorld({ regions });
    expect(() => world.region(east).linksTo('mars-1')).toThrow('no link');
  });

  it('retries failed projections and subscribers for an hour, like the queues of the stacks, and then keeps the messages', async () => {
    const down = async () => {
      throw new Error('The table is down.');
    };
    const { world, write, scheduler, settle } = aWorld({
      regions,
      telemetry: silentTelemetry,
      withFaults: (_region, ports) => ({ ...ports, views: { ...ports.views, entries: down } }),
      subscribers: {
        journal: { entry: '/not/loaded.ts', streamTypes: ['note'], handler: subscriber({ handle: down }) },
      },
    });
    await write(east, 'a', 'note/a', 'red');
    const begin = scheduler.now();

    await settle();

    expect(Math.round((scheduler.now() - begin) / 60_000)).toBe(60);
    for (const region of regions) {
      expect(world.region(region).projectionDeadLetters.bodies).not.toEqual([]);
      expect(world.region(region).deadLettersOf('journal').bodies).toHaveLength(1);
    }
  });

  it('lets a Region’s clock run ahead, and adopts its stamps elsewhere', async () => {
    const { write, settle, world, scheduler } = aWorld({ regions, clockAhead: { [west]: 60_000 } });

    await write(west, 'a', 'note/a', 'red');
    await settle();
    await write(east, 'b', 'note/a', 'blue');

    const [second, first] = await world.region(east).load('note/a');
    expect(wallTimeOf(first?.hlc ?? '')).toBeGreaterThan(scheduler.now() + 50_000);
    expect((second?.hlc ?? '') > (first?.hlc ?? '')).toBe(true);
    expect(world.region(east).counts.metrics.get('ClockAhead')).toBeGreaterThan(50_000);
  });
});

describe('a cut link', () => {
  it('leaves the other Region’s table, views and API unchanged, until it is healed', async () => {
    const { world, write, settle, rows, get, idsIn, heard, call, scheduler } = aWorld({ regions });
    await write(east, 'a', 'note/a', 'red');
    await settle();
    const look = async (region: string) => ({
      ids: await idsIn(region, 'note/a'),
      stock: await idsIn(region, 'stock/0'),
      words: await rows(region, 'words'),
      notes: await rows(region, 'notes'),
      taken: await rows(region, 'taken'),
      state: await get(region, '/streams/note/a'),
      events: await get(region, '/streams/note/a/events'),
      seen: seenSchema.parse(await get(region, '/health')).seen[east],
      heard: [...heard(region).keys()],
      counts: world.region(region).counts.seen,
    });
    const before = await look(west);

    world.cut(east, west);
    await write(east, 'b', 'note/a', 'blue');
    await write(east, 'c', 'note/b', 'blue');
    expect(await call(east, 'POST', '/streams/stock/0/commands/take', { body: 'me' })).toMatchObject({ status: 200 });
    await settle();
    await scheduler.run(60_000);

    expect(await look(west)).toEqual(before);
    expect(await rows(ohio, 'words')).toEqual({ red: 1, blue: 2 });
    // The link in the other direction is open.
    await write(west, 'd', 'note/c', 'green');
    await settle();
    expect(await idsIn(east, 'note/c')).toEqual(['d']);

    world.heal(east, west);
    await settle();
    for (const region of regions) expect(await rows(region, 'words')).toEqual({ red: 1, blue: 2, green: 1 });
    expect(await idsIn(west, 'note/a')).toEqual(['a', 'b']);
    expect(await rows(west, 'taken')).toEqual({ 0: { taken: 1 } });
  });

  it('of replication alone lets views follow over the bus, while the table and the API lag', async () => {
    const { world, write, settle, rows, get, idsIn } = aWorld({ regions });
    world.cut(east, west, ['replication']);

    await write(east, 'a', 'note/a', 'red');
    await settle();

    expect(await rows(west, 'words')).toEqual({ red: 1 });
    expect(await idsIn(west, 'note/a')).toEqual([]);
    expect(await get(west, '/streams/note/a')).toMatchObject({ state: [] });

    world.heal(east, west);
    await settle();
    expect(await rows(west, 'words')).toEqual({ red: 1 });
    expect(await idsIn(west, 'note/a')).toEqual(['a']);
  });

  it('of the bus alone delays views by no more than replication takes', async () => {
    const { world, write, rows, scheduler } = aWorld({ regions });
    world.cut(east, west, ['bus']);
    await write(east, 'a', 'note/a', 'red');
    await scheduler.run(1600);
    expect(await rows(west, 'words')).toEqual({ red: 1 });
  });

  it('keeps the texts that each Region wrote before it saw those of the other, in the views too', async () => {
    const { world, write, settle, rows, get } = aWorld({ regions });
    world.cut(east, west, ['replication']);
    await write(east, 'a', 'note/a', 'red');
    await settle();
    // The view of us-west-2 already has it over the bus, the table does not.
    await write(west, 'b', 'note/a', 'blue');
    await settle();

    world.healAll();
    await settle();

    for (const region of regions) {
      expect(await rows(region, 'words')).toEqual({ red: 1, blue: 1 });
      expect(await get(region, '/streams/note/a')).toMatchObject({
        state: [{ text: 'red' }, { text: 'blue', unseen: ['note/a@us-east-1.1.0'] }],
      });
    }
  });

  it.each(['to', 'from'])('%s the home Region returns 503, and a retry succeeds', async (way) => {
    const { world, call, settle, idsIn } = aWorld({ regions });
    const [home, other] = [west, east];
    if (way === 'to') world.cut(other, home, ['invoke']);
    else world.cut(home, other, ['invoke']);
    const take = () =>
      call(other, 'POST', '/streams/stock/2/commands/take', { headers: { 'idempotency-key': 'mine' }, body: 'me' });

    const refused = await take();
    const written = await idsIn(home, 'stock/2');
    world.healAll();
    const taken = await take();
    await settle();

    expect(refused).toMatchObject({ status: 503, body: { code: 'region-unreachable', retryable: true } });
    // A lost response leaves it open whether the append is committed.
    expect(written).toEqual(way === 'to' ? [] : ['mine']);
    expect(taken).toMatchObject({ status: 200, body: { id: 'mine', position: 1 } });
    expect(await idsIn(east, 'stock/2')).toEqual(['mine']);
  });

  it('to the home Region holds back a command on the bus until the link is healed', async () => {
    const { world, putTake, scheduler, settle, heard, idsIn } = aWorld({ regions });
    world.cut(east, west, ['invoke']);
    await putTake(east, 'mine', 'stock/2');
    await scheduler.run(90_000);
    expect(heard(east).has('Accepted mine')).toBe(false);

    world.healAll();
    await settle();

    expect(heard(east).get('Accepted mine')).toBe(1);
    expect(await idsIn(east, 'stock/2')).toEqual(['mine']);
    expect(world.region(east).quarantine.bodies).toEqual([]);
  });

  it('for longer than a queue retries moves a command to the quarantine, from where it can be redriven', async () => {
    const { world, scheduler, putTake, settle, heard, idsIn } = aWorld({ regions });
    world.cut(east, west, ['invoke']);
    await putTake(east, 'mine', 'stock/2');
    const begin = scheduler.now();

    await settle();

    expect(Math.round((scheduler.now() - begin) / 60_000)).toBe(30);
    expect([...heard(east).keys()]).toEqual([]);
    expect(world.region(east).quarantine.bodies.map((body) => JSON.parse(body).detail)).toMatchObject([{ id: 'mine' }]);
    expect(await idsIn(west, 'stock/2')).toEqual([]);

    world.healAll();
    const redriven = await scheduler.resolve(world.region(east).operate('quarantine-redrive', {}));
    await settle();

    expect(redriven).toMatchObject({
      result: { redriven: [{ envelopeId: 'mine', stream: 'stock/2' }], complete: true },
    });
    expect(await idsIn(west, 'stock/2')).toEqual(['mine']);
    expect(heard(east).get('Accepted mine')).toBe(1);
    expect(world.region(east).quarantine.bodies).toEqual([]);
  });
});

describe('the same seed', () => {
  /** Everything that happens in a world under faults, as text. */
  const trace = async (seed: number): Promise<string> => {
    const { world, scheduler, settle, putAppend, putTake, heard, rows } = aWorld({
      regions,
      seed,
      duplicates: 0.3,
      reorders: true,
      clockAhead: { [ohio]: 700 },
    });
    for (let i = 0; i < 30; i++) {
      const region = regions[i % 3] ?? '';
      await putAppend(region, `a${i}`, `note/${i % 4}`, 'red', 'green');
      await putTake(region, `t${i}`, `stock/${i % 5}`);
      if (i === 10) world.cut(east, west);
      await scheduler.run(100);
    }
    world.healAll();
    await settle();
    const streams = [0, 1, 2, 3].map((i) => `note/${i}`).concat([0, 1, 2, 3, 4].map((i) => `stock/${i}`));
    return JSON.stringify(
      await Promise.all(
        regions.map(async (region) => ({
          commits: await Promise.all(streams.map((stream) => world.region(region).load(stream))),
          heard: [...heard(region)],
          counts: world.region(region).counts.lags,
          metrics: [...world.region(region).counts.metrics],
        })),
      ),
    ).concat(JSON.stringify([await rows(east, 'notes'), scheduler.now()]));
  };

  it('gives the same history twice, down to stamps and milliseconds; another seed gives a different history', async () => {
    const [first, second, other] = [await trace(5), await trace(5), await trace(6)];
    expect(second === first).toBe(true);
    expect(other === first).toBe(false);
    expect(first.length).toBeGreaterThan(10_000);
  });
});

describe('a world in real time', () => {
  it('becomes idle by itself', async () => {
    const world = new World({ domain: toyDomain, regions, latency: false });
    const detail = JSON.stringify({ id: 'a', stream: 'note/a', events: [{ type: 'Noted', data: { text: 'red' } }] });

    await world.region(east).bus.put([{ source: 'test', detailType: 'meridian.append', detail }]);
    expect(world.idle).toBe(false);
    await world.whenIdle();
    await world.whenIdle();

    expect(world.idle).toBe(true);
    for (const region of regions) expect(await world.region(region).load('note/a')).toHaveLength(1);
  });
});

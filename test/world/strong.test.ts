import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, defineView, reject } from '../../core/index.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import type { World } from '../../world/world.ts';
import { aWorld } from './a-world.ts';
import { MapStorage } from './map-storage.ts';

const schema = z.strictObject({ aircraft: z.string() });
const free: { readonly aircraft: string | null } = { aircraft: null };

/** A number that one aircraft has at a time. */
const tailNumber = defineStream({
  type: 'tail-number',
  mode: 'strong',
  events: { Registered: { schemaVersion: 1, schema }, Released: { schemaVersion: 1, schema } },
  initial: free,
  evolve: (_state, { type, data }) => (type === 'Registered' ? { aircraft: data.aircraft } : free),
  commands: {
    register: {
      input: schema,
      decide({ aircraft }, data) {
        if (aircraft !== null) throw reject('It is taken.');
        return [{ type: 'Registered', data }];
      },
    },
    release: {
      input: schema,
      decide({ aircraft }, data) {
        if (aircraft !== data.aircraft) throw reject('It is not yours.');
        return [{ type: 'Released', data }];
      },
    },
  },
});
const domain = defineDomain({
  streams: [tailNumber],
  views: [defineView({ name: 'taken', kind: 'rows', of: tailNumber, row: ({ aircraft }) => aircraft ?? undefined })],
});

const [HERE, THERE, FAR] = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const REGIONS = [HERE, THERE, FAR];
const STREAM = '/streams/tail-number/N905FJ';
const register = (aircraft: string) => ({ body: { aircraft } });

/** What a Region's own replica shows. */
async function localRead({ regions }: World, region: string, consistency = 'local'): Promise<unknown> {
  const event = functionUrlEvent({ method: 'GET', path: STREAM, query: `consistency=${consistency}` });
  const answer = await regions.get(region)?.request(event);
  return JSON.parse(answer?.body ?? '');
}

function aRegister(options: Parameters<typeof aWorld>[0] = {}) {
  const w = aWorld({ domain, regions: REGIONS, ...options });
  const cutOff = (region: string) => {
    for (const other of REGIONS)
      if (other !== region) {
        w.world.cut(region, other);
        w.world.cut(other, region);
      }
  };
  return { ...w, cutOff };
}

describe('a strong stream', () => {
  it('is given to one of two Regions that ask at once, and every Region shows it as soon as it is acknowledged', async () => {
    const w = aRegister();
    const answers = await w.scheduler.resolve(
      Promise.all([HERE, FAR].map((region) => w.send(region, 'POST', `${STREAM}/commands/register`, register(region)))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
    const winner = answers[0]?.status === 200 ? HERE : FAR;
    for (const region of REGIONS)
      expect(await w.get(region, STREAM)).toMatchObject({ state: { aircraft: winner }, mode: 'strong' });
    await w.settle();
    for (const region of REGIONS) expect(await w.rows(region, 'taken')).toEqual({ N905FJ: winner });
  });

  it('refuses exactly by what is in all Regions, and returns the same result to a retry in another Region', async () => {
    const w = aRegister();
    const key = { 'idempotency-key': 'one' };
    const first = await w.call(HERE, 'POST', `${STREAM}/commands/register`, { headers: key, ...register('a') });
    expect(first.status).toBe(200);
    const again = await w.call(FAR, 'POST', `${STREAM}/commands/register`, { headers: key, ...register('a') });
    expect(again).toEqual(first);
    expect((await w.call(THERE, 'POST', `${STREAM}/commands/register`, register('b'))).status).toBe(422);
    const stale = await w.call(THERE, 'POST', `${STREAM}/commands/release`, {
      headers: { 'if-match': '"x"' },
      ...register('a'),
    });
    expect(stale.status).toBe(400);
  });

  it('is on the bus of each Region once, without being forwarded', async () => {
    const w = aRegister();
    await w.call(HERE, 'POST', `${STREAM}/commands/register`, register('a'));
    await w.settle();
    for (const region of REGIONS)
      expect([...w.heard(region)].filter(([id]) => id.startsWith('tail-number'))).toEqual([
        ['tail-number/N905FJ@global.1.0', 1],
      ]);
  });

  it('can neither be written nor read in a Region that is cut off, except for its own replica, and is elsewhere', async () => {
    const w = aRegister();
    await w.call(HERE, 'POST', `${STREAM}/commands/register`, register('a'));
    await w.settle();
    w.cutOff(FAR);
    const refused = await w.call(FAR, 'POST', `${STREAM}/commands/release`, register('a'));
    expect(refused).toMatchObject({ status: 503, body: { code: 'quorum-unreachable', retryable: true } });
    expect((await w.call(FAR, 'GET', STREAM)).status).toBe(503);
    expect((await w.call(HERE, 'POST', `${STREAM}/commands/release`, register('a'))).status).toBe(200);
    expect((await w.call(THERE, 'POST', `${STREAM}/commands/register`, register('b'))).status).toBe(200);
    expect(await localRead(w.world, FAR)).toMatchObject({ local: true, state: { aircraft: 'a' } });
    expect(await localRead(w.world, HERE, 'nearby')).toMatchObject({
      code: 'validation',
      faults: [{ path: 'consistency', message: 'is "nearby"; it must be local or strong' }],
    });
    w.world.healAll();
    await w.settle();
    expect(await w.get(FAR, STREAM)).toMatchObject({ state: { aircraft: 'b' } });
    expect(await w.rows(FAR, 'taken')).toEqual({ N905FJ: 'b' });
  });

  it('keeps what a Region has acknowledged that is lost at once: the others have it in their tables, buses and views', async () => {
    const w = aRegister();
    await w.call(HERE, 'POST', `${STREAM}/commands/register`, register('a'));
    w.world.lose(HERE);
    await w.settle();
    for (const region of [THERE, FAR]) {
      expect(await w.get(region, STREAM)).toMatchObject({ state: { aircraft: 'a' } });
      expect(w.heard(region).get('tail-number/N905FJ@global.1.0')).toBe(1);
      expect(await w.rows(region, 'taken')).toEqual({ N905FJ: 'a' });
    }
    expect((await w.call(FAR, 'POST', `${STREAM}/commands/release`, register('a'))).status).toBe(200);
  });

  it('is projected after hours without a majority, and none of its messages is given up', async () => {
    const w = aRegister();
    // Its replica gets the commit, and no call reaches another Region.
    for (const other of [HERE, THERE]) w.world.cut(FAR, other, ['invoke']);
    await w.call(HERE, 'POST', `${STREAM}/commands/register`, register('a'));
    await w.scheduler.run(5 * 60 * 60 * 1000);
    expect(await localRead(w.world, FAR)).toMatchObject({ local: true, state: { aircraft: 'a' } });
    expect(w.world.region(FAR).counts.metrics.get('QuorumMissing')).toBeGreaterThan(100);
    expect(await w.rows(FAR, 'taken')).toEqual({});
    w.world.healAll();
    await w.scheduler.run(120_000);
    await w.settle();
    expect(await w.rows(FAR, 'taken')).toEqual({ N905FJ: 'a' });
    expect(w.world.region(FAR).projectionDeadLetters.bodies).toEqual([]);
  });

  it('is kept when the world ends, and published again when it starts from its storage', async () => {
    const storage = new MapStorage();
    const before = aRegister({ storage });
    await before.call(HERE, 'POST', `${STREAM}/commands/register`, register('a'));
    const after = aRegister({ storage, seed: 2 });
    await after.settle();
    for (const region of REGIONS) {
      expect(await after.get(region, STREAM)).toMatchObject({ state: { aircraft: 'a' } });
      expect(after.heard(region).get('tail-number/N905FJ@global.1.0')).toBe(1);
      expect(await after.rows(region, 'taken')).toEqual({ N905FJ: 'a' });
    }
    expect((await after.call(FAR, 'POST', `${STREAM}/commands/register`, register('b'))).status).toBe(422);
  });

  it('is published again in every Region', async () => {
    const w = aRegister();
    await w.call(HERE, 'POST', `${STREAM}/commands/register`, register('a'));
    await w.settle();
    for (const region of REGIONS) {
      const since = new Date(w.scheduler.now() - 60_000).toISOString();
      const answer = await w.scheduler.resolve(
        w.world.region(region).operate('republish-step', { since, segment: 0, segments: 1 }),
      );
      expect(answer).toMatchObject({ result: { published: 1 } });
      expect(w.heard(region).get('tail-number/N905FJ@global.1.0')).toBe(2);
    }
  });

  it('moves to another aircraft in one transaction, or not at all', async () => {
    const w = aRegister();
    await w.call(HERE, 'POST', `${STREAM}/commands/register`, register('a'));
    const other = 'tail-number/N1';
    const transact = (region: string, id: string, from: string, to: string) =>
      w.call(region, 'POST', '/transactions', {
        body: {
          id: `${region}:${id}`,
          participants: [
            { stream: 'tail-number/N905FJ', command: 'release', input: { aircraft: from } },
            { stream: other, command: 'register', input: { aircraft: to } },
          ],
        },
      });
    expect(await transact(THERE, 'one', 'a', 'a')).toMatchObject({ status: 200, body: { state: 'committed' } });
    expect(await transact(FAR, 'two', 'a', 'a')).toMatchObject({ status: 409 });
    for (const region of REGIONS) {
      expect(await w.get(region, STREAM)).toMatchObject({ state: { aircraft: null } });
      expect(await w.get(region, `/streams/${other}`)).toMatchObject({ state: { aircraft: 'a' } });
    }
    await w.settle();
    for (const region of REGIONS) {
      expect(await w.rows(region, 'taken')).toEqual({ N1: 'a' });
      expect([...w.heard(region).values()].every((count) => count === 1)).toBe(true);
    }
  });

  it('is released by another Region if the one that drives a transaction is lost after it was prepared', async () => {
    const w = aRegister({
      withFaults: (region, ports, exit, of) =>
        region === HERE && of === 'coordinate'
          ? { ...ports, decisions: { ...ports.decisions, put: () => new Promise<never>(() => exit()) } }
          : ports,
    });
    await w.call(THERE, 'POST', `${STREAM}/commands/register`, register('a'));
    const body = {
      id: `${HERE}:one`,
      timeoutSeconds: 30,
      participants: [{ stream: 'tail-number/N905FJ', command: 'release', input: { aircraft: 'a' } }],
    };
    void w.send(HERE, 'POST', '/transactions', { body }).catch(() => undefined);
    await w.scheduler.run(5_000);
    w.world.lose(HERE);
    await w.recover();
    const [, intent] = await w.world.region(FAR).load('tail-number/N905FJ');
    expect(intent?.tx?.state).toBe('aborted');
    expect((await w.call(FAR, 'POST', `${STREAM}/commands/release`, register('a'))).status).toBe(200);
  });
});

describe('a world', () => {
  it('refuses strong streams without strong decisions', () => {
    expect(() => aWorld({ domain, regions: ['us-east-1', 'eu-west-1'] })).toThrow(
      'Streams of type tail-number are strong',
    );
    const eventual = aWorld();
    eventual.world.region('us-east-1').deploy(domain);
    expect(() => eventual.world.region('us-east-1').eventsFor('api')).toThrow('has no table for strong streams');
  });
});

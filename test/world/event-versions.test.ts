import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  defineDomain,
  defineStream,
  defineView,
  type EventVersion,
  nextVersion,
  type StreamDefinition,
} from '../../core/index.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-west-2'];
const [east, west] = ['us-east-1', 'us-west-2'];
const MINUTE = 60_000;

const version1 = { schemaVersion: 1, schema: z.strictObject({ text: z.string() }) };
const version2 = nextVersion(version1, {
  schemaVersion: 2,
  schema: z.strictObject({ text: z.string(), language: z.string() }),
  upcast: ({ text }) => ({ text, language: 'unknown' }),
});

type Entries = readonly { readonly schemaVersion: number; readonly data: unknown }[];

const shared = {
  initial: [] as Entries,
  evolve: (entries: Entries, { schemaVersion, data }: Entries[number]) => [...entries, { schemaVersion, data }],
  commands: { write: { input: z.string(), decide: () => [] } },
};
function note(Written: EventVersion) {
  return defineStream({ ...shared, type: 'note', mode: 'merge', events: { Written } });
}
/** Homes: `stock/0` in us-east-1, `stock/1` in us-west-2. */
function stock(Taken: EventVersion) {
  return defineStream({
    ...shared,
    type: 'stock',
    mode: 'home',
    home: (id, all) => all[Number(id) % all.length] ?? '',
    events: { Taken },
  });
}

/** The code of one Region. `deploy` replaces it with newer code. */
function codeOf(streams: readonly StreamDefinition[]) {
  const views = [...streams].map((of) =>
    defineView({ name: `${of.type}s`, kind: 'rows', of, row: (entries) => entries }),
  );
  const domain = defineDomain({ streams, views });
  const current = new Map(domain.streams);
  return {
    domain: { ...domain, streams: current },
    deploy: (newer: readonly StreamDefinition[]) => {
      for (const stream of newer) current.set(stream.type, stream);
    },
  };
}
function older() {
  return codeOf([note(version1), stock(version1)]);
}
const newer = [note(version2), stock(version2)];

/** us-east-1 has the newer code, us-west-2 not yet. */
function midDeploy() {
  const code = older();
  const made = aWorld({ regions, domain: codeOf(newer).domain, domains: { [west]: code.domain } });
  const written = (id: string, stream: string, schemaVersion: number | undefined, data: object) => ({
    id,
    stream,
    events: [{ type: stream.startsWith('note') ? 'Written' : 'Taken', ...(schemaVersion && { schemaVersion }), data }],
  });
  return { ...made, deployWest: () => code.deploy(newer), written };
}

const red = { text: 'red', language: 'en' };
const unreadable = {
  code: 'unreadable-event',
  retryable: true,
  stream: 'note/a',
  event: 'note/a@us-east-1.1.0',
  schemaVersion: 2,
};

describe('during a rolling deployment', () => {
  it('a Region with the older code reports that it cannot read what newer code wrote, and appends nothing to it', async () => {
    const { call, get, settle, written, idsIn } = midDeploy();
    await call(east, 'POST', '/events', { body: written('new', 'note/a', 2, red) });
    await settle();

    expect(await call(west, 'GET', '/streams/note/a')).toMatchObject({ status: 503, body: unreadable });
    const append = written('old', 'note/a', 1, { text: 'blue' });
    expect(await call(west, 'POST', '/events', { body: append })).toMatchObject({ status: 503, body: unreadable });
    expect(await call(west, 'POST', '/streams/note/a/commands/write', { body: 'blue' })).toMatchObject({
      status: 503,
      body: unreadable,
    });
    expect(await idsIn(west, 'note/a')).toEqual(['new']);
    expect(await get(west, '/streams/note/a/events')).toMatchObject({
      commits: [{ events: [{ schemaVersion: 2, data: red }] }],
    });
  });

  it('an append is the same request with the version under which it was first taken, and without one after a release', async () => {
    const { call, deployWest, written } = midDeploy();
    const text = { text: 'blue' };
    const post = (version?: number) => call(west, 'POST', '/events', { body: written('id', 'note/c', version, text) });
    const first = await post();
    expect(first).toMatchObject({ status: 200, body: { position: 1 } });
    expect(await post(1)).toEqual(first);
    deployWest();
    expect([await post(), await post(1)]).toEqual([first, first]);
    expect(await post(2)).toMatchObject({ status: 409, body: { code: 'id-reused' } });
  });

  it.each([
    ['of one Region', ['stock/1']],
    ['of several Regions', ['stock/0', 'stock/1']],
  ])('a transaction %s has the first outcome after a release, too', async (_kind, streams) => {
    const { call, deployWest } = midDeploy();
    const post = (data: unknown, schemaVersion?: number) =>
      call(west, 'POST', '/transactions', {
        body: {
          id: `${west}:t`,
          participants: streams.map((stream) => ({
            stream,
            events: [{ type: 'Taken', ...(schemaVersion && { schemaVersion }), data }],
          })),
        },
      });
    const text = { text: 'blue' };
    const first = await post(text, 1);
    expect(first).toMatchObject({ status: 200, body: { state: 'committed' } });
    deployWest();
    expect(await post(text, 1)).toEqual(first);
    expect(await post({ text: 'red' }, 1)).toMatchObject({ status: 409, body: { code: 'id-reused' } });
  });

  it('a transaction that was not taken before is refused if the domain refuses it now', async () => {
    const { call } = midDeploy();
    const events = [{ type: 'Taken', data: { text: 'blue' } }];
    const body = { id: `${east}:t`, participants: [{ stream: 'stock/0', events }] };
    expect(await call(east, 'POST', '/transactions', { body })).toMatchObject({
      status: 400,
      body: { code: 'validation', faults: [{ path: 'participants[0].events[0].data.language' }] },
    });
    expect(await call(east, 'GET', `/transactions/${east}:t`)).toMatchObject({ body: { state: 'unknown' } });
  });

  it('its other streams continue', async () => {
    const { put, settle, written, heard, rows } = midDeploy();
    await put(east, 'meridian.append', written('new', 'note/a', 2, red));
    await settle();
    await put(west, 'meridian.append', written('old-a', 'note/a', 1, { text: 'blue' }));
    await put(west, 'meridian.append', written('old-b', 'note/b', 1, { text: 'blue' }));
    await settle();
    expect([...heard(west).keys()].filter((key) => key.includes(' '))).toEqual(['Accepted old-b']);
    expect(await rows(west, 'notes')).toEqual({ b: [{ schemaVersion: 1, data: { text: 'blue' } }] });
    expect(await rows(east, 'notes')).toMatchObject({
      b: [{ schemaVersion: 2, data: { text: 'blue', language: 'unknown' } }],
    });
  });

  it('work that waits for the newer code is done as soon as that is deployed', async () => {
    const { put, settle, scheduler, written, deployWest, world, rows } = midDeploy();
    await put(east, 'meridian.append', written('new', 'note/a', 2, red));
    scheduler.after(MINUTE, () => void put(west, 'meridian.append', written('old', 'note/a', 1, { text: 'blue' })));
    scheduler.after(10 * MINUTE, deployWest);
    await settle();
    await scheduler.runUntil(() => scheduler.now() > 40 * MINUTE && world.idle);

    const both = [
      { schemaVersion: 2, data: red },
      { schemaVersion: 2, data: { text: 'blue', language: 'unknown' } },
    ];
    for (const region of regions) {
      expect(await rows(region, 'notes')).toEqual({ a: both });
      expect(world.region(region).projectionDeadLetters.bodies).toEqual([]);
      expect(world.region(region).quarantine.bodies).toEqual([]);
    }
  });

  it('nothing is lost if the deployment takes longer than messages are retried', async () => {
    const { put, settle, written, deployWest, world, rows } = midDeploy();
    await put(east, 'meridian.append', written('new', 'note/a', 2, red));
    await settle();
    await put(west, 'meridian.append', written('old', 'note/a', 1, { text: 'blue' }));
    await settle();
    const { quarantine, projectionDeadLetters } = world.region(west);
    expect(await rows(west, 'notes')).toEqual({});
    expect(projectionDeadLetters.bodies.every((body) => body.includes('note/a'))).toBe(true);
    expect(projectionDeadLetters.bodies).not.toEqual([]);

    deployWest();
    // Does what a redrive does.
    for (const body of quarantine.bodies) await world.region(west).bus.put([entryOf(body)]);
    await settle();
    for (const region of regions)
      expect(await rows(region, 'notes')).toMatchObject({ a: [{ data: red }, { schemaVersion: 2 }] });
  });

  it('deploying code first, producers second loses nothing: a home with the older code refuses the newer version', async () => {
    const { call, written, idsIn, deployWest, settle } = midDeploy();
    const sent = { body: written('t', 'stock/1', 2, red) };
    expect(await call(east, 'POST', '/events', sent)).toMatchObject({
      status: 400,
      body: {
        code: 'validation',
        faults: [{ path: 'events[0].schemaVersion', message: 'is 2, but Taken is at version 1' }, {}],
      },
    });
    deployWest();
    expect(await call(east, 'POST', '/events', sent)).toMatchObject({ status: 200 });
    await settle();
    expect(await idsIn(east, 'stock/1')).toEqual(['t']);
  });

  it('producers that still send the earlier version are served by both', async () => {
    const { put, settle, written, deployWest, rows, heard } = midDeploy();
    const data = { text: 'blue' };
    // Homes: stock/0 where the newer code is, stock/1 where the older is.
    for (const [region, id] of [
      [east, '0'],
      [east, '1'],
      [west, '0'],
      [west, '1'],
    ] as const)
      await put(region, 'meridian.append', written(`${region}-${id}`, `stock/${id}`, 1, data));
    deployWest();
    await settle();
    for (const region of regions) {
      const entry = { schemaVersion: 2, data: { text: 'blue', language: 'unknown' } };
      expect(await rows(region, 'stocks')).toEqual({ 0: [entry, entry], 1: [entry, entry] });
      expect([...heard(region).keys()].filter((key) => key.startsWith('Accepted'))).toHaveLength(2);
    }
  });
});

const busEventSchema = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });
function entryOf(body: string) {
  const { source, 'detail-type': detailType, detail } = busEventSchema.parse(JSON.parse(body));
  return { source, detailType, detail: JSON.stringify(detail) };
}

describe('a schema that was changed without a new version', () => {
  it('is not detected when events are read: their data is folded as stored, and appends are accepted', async () => {
    const changed = { schemaVersion: 1, schema: z.strictObject({ words: z.string() }) };
    const domains = { [west]: codeOf([note(changed), stock(changed)]).domain };
    const { call, get, settle } = aWorld({ regions, domain: older().domain, domains });
    const append = (region: string, id: string, data: object) =>
      call(region, 'POST', '/events', { body: { id, stream: 'note/a', events: [{ type: 'Written', data }] } });
    expect(await append(east, 'before', { text: 'red' })).toMatchObject({ status: 200 });
    await settle();
    const before = { schemaVersion: 1, data: { text: 'red' } };
    expect(await get(west, '/streams/note/a')).toMatchObject({ state: [before] });
    expect(await append(west, 'after', { words: 'red' })).toMatchObject({ status: 200 });
    expect(await get(west, '/streams/note/a')).toMatchObject({
      state: [before, { schemaVersion: 1, data: { words: 'red' } }],
    });
  });
});

import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { listedPageSchema } from '../../../core/index.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { aCommit } from '../../contract/commits.ts';
import { anEntry } from '../../contract/ledger.contract.ts';
import { anApi, eastStock, noted, versionOf } from './an-api.ts';

const stream = 'note/n';
const path = `/streams/${stream}`;
function append(api: ReturnType<typeof anApi>, text: number) {
  return api.post('/events', { body: { stream, events: [noted(text)] } });
}

const pageSchema = z.object({
  commits: z.array(z.looseObject({ commitId: z.string() })),
  version: z.string(),
  next: z.string().optional(),
});

describe('GET /streams/{type}/{id}', () => {
  it('returns the state, the version (also as ETag), the mode and the Region', async () => {
    const api = anApi();
    const version = versionOf(await append(api, 7));

    const { status, headers, body } = await api.get(path);

    expect(status).toBe(200);
    expect(headers).toEqual({ 'content-type': 'application/json', etag: `"${version}"` });
    expect(body).toEqual({
      stream,
      state: [{ id: 'note/n@us-east-1.1.0', commitId: 'id-1', text: '7', unseen: [] }],
      version,
      mode: 'merge',
      region: 'us-east-1',
    });
  });

  it('returns the initial state of a stream without commits, and its version can be sent back', async () => {
    const api = anApi();

    const { status, body } = await api.get(`/streams/${eastStock}`);

    expect(status).toBe(200);
    expect(body).toMatchObject({ state: [], mode: 'home' });
    const taken = await api.post(`/streams/${eastStock}/commands/take`, {
      headers: { 'if-match': versionOf({ body }) },
      body: '"me"',
    });
    expect(taken.status).toBe(200);
  });

  it('returns 404 for an unknown type and 400 for an invalid stream name', async () => {
    expect(await anApi().problem('GET', '/streams/boat/1')).toMatchObject({ status: 404, code: 'unknown-stream-type' });
    expect(await anApi().problem('GET', '/streams/Note/1')).toMatchObject({ status: 400, code: 'validation' });
  });

  it('returns at once if If-At-Least has been seen, however it is quoted', async () => {
    const api = anApi();
    const version = versionOf(await append(api, 1));
    for (const token of [version, `"${version}"`, `W/"${version}"`])
      expect(await api.get(path, { headers: { 'If-At-Least': token } })).toMatchObject({ status: 200 });
    expect(api.runtime.slept).toEqual([]);
  });

  it('waits for the version in If-At-Least, and returns as soon as it has arrived', async () => {
    const store = memoryEventStore();
    const west = anApi({ region: 'us-west-2', log: 'us-west-2' });
    const version = versionOf(await append(west, 9));
    const [commit] = await west.ports.events.load(stream);
    let loads = 0;
    const api = anApi({
      events: {
        ...store,
        load: async (name) => {
          if (++loads === 3 && commit) store.replicate(commit);
          return store.load(name);
        },
      },
    });

    const { status, body } = await api.get(path, { headers: { 'if-at-least': version } });

    expect(status).toBe(200);
    expect(body).toMatchObject({ version, state: [{ text: '9' }], region: 'us-east-1' });
    expect(loads).toBe(3);
  });

  it('loads a stream once while it waits, then only what has arrived', async () => {
    const store = memoryEventStore();
    const west = anApi({ region: 'us-west-2', log: 'us-west-2' });
    const wanted = versionOf(await append(west, 1));
    const read: number[] = [];
    const api = anApi({
      events: {
        ...store,
        load: async (name, after) => {
          const commits = await store.load(name, after);
          read.push(commits.length);
          return commits;
        },
      },
    });
    for (let i = 2; i < 50; i++) await append(api, i);
    read.length = 0;

    expect((await api.get(path, { headers: { 'if-at-least': wanted } })).status).toBe(425);

    expect(read.length).toBeGreaterThan(2);
    expect(read).toEqual([48, ...read.slice(1).map(() => 0)]);
  });

  it.each([
    ['names a log that no Region writes', 'mars=1', 'no Region writes the log mars'],
    ['is beyond what this Region wrote', 'us-east-1=7', 'us-east-1 has written 1 positions'],
    ['has a position that no log reaches', 'us-west-2=1000000000001', 'which no log reaches'],
  ])('returns 400 at once for a version that %s', async (_what, version, message) => {
    const api = anApi({ logs: ['us-east-1', 'us-east-2', 'us-west-2'] });
    await append(api, 1);
    const token = Buffer.from(`${stream}\n${version}`).toString('base64url');
    const begin = api.runtime.now();

    for (const [path, headers, query, name] of [
      [`/streams/${stream}`, { 'if-at-least': token }, '', 'If-At-Least'],
      [`/streams/${stream}/events`, {}, `after=${token}`, 'after'],
    ] as const)
      expect(await api.get(path, { headers, query })).toMatchObject({
        status: 400,
        body: { code: 'validation', faults: [{ path: name, message: expect.stringContaining(message) }] },
      });
    const command = await api.problem('POST', `/streams/${stream}/commands/note`, {
      headers: { 'if-match': token },
      body: noted().data,
    });
    expect(command).toMatchObject({
      status: 400,
      faults: [{ path: 'If-Match', message: expect.stringContaining(message) }],
    });
    expect(api.runtime.now()).toBe(begin);
  });

  it('returns 425 after 2 s with the version it has seen', async () => {
    const api = anApi();
    const seen = versionOf(await append(api, 1));
    const west = anApi({ region: 'us-west-2', log: 'us-west-2' });
    const wanted = versionOf(await append(west, 2));
    const begin = api.runtime.now();

    const answer = await api.get(path, { headers: { 'if-at-least': wanted } });

    expect(answer).toMatchObject({
      status: 425,
      headers: { 'retry-after': '1' },
      body: { code: 'not-caught-up', seen, wanted, retryable: true },
    });
    expect(api.runtime.now() - begin).toBeLessThanOrEqual(2000);
    expect(api.runtime.now() - begin).toBeGreaterThan(500);
  });

  it('refuses a version of another stream, and an invalid one', async () => {
    const api = anApi();
    const other = versionOf(await api.post('/events', { body: { stream: 'note/other', events: [noted()] } }));
    for (const token of [other, 'x', '', '""'])
      expect(await api.problem('GET', path, { headers: { 'if-at-least': token } })).toMatchObject({
        status: 400,
        faults: [{ path: 'If-At-Least' }],
      });
  });
});

describe('GET /streams/{type}/{id}/events', () => {
  it('returns the commits with their positions, contexts and stamps', async () => {
    const api = anApi();
    await append(api, 1);
    const version = versionOf(await append(api, 2));

    const { body } = await api.get(`${path}/events`);

    expect(body).toEqual({
      stream,
      version,
      commits: [1, 2].map((position) => ({
        log: 'us-east-1',
        position,
        commitId: `id-${position}`,
        events: [{ schemaVersion: 1, ...noted(position) }],
        context: position === 1 ? {} : { 'us-east-1': 1 },
        previous: position - 1,
        hlc: expect.stringMatching(/^[0-9a-f]{16}$/),
        region: 'us-east-1',
        meta: {},
      })),
    });
  });

  it('returns none for a stream without commits', async () => {
    const { body } = await anApi().get(`${path}/events`);
    expect(body).toMatchObject({ commits: [] });
    expect(body).not.toHaveProperty('next');
  });

  it('pages through all commits, each once, and shows the end', async () => {
    const api = anApi();
    for (let i = 0; i < 7; i++) await append(api, i);

    const ids: string[][] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ limit: '3', ...(after !== undefined && { after }) }).toString();
      const { commits, version, next } = pageSchema.parse((await api.get(`${path}/events`, { query })).body);
      ids.push(commits.map(({ commitId }) => commitId));
      expect(next ?? version).toBe(version);
      after = next;
    } while (after !== undefined);

    expect(ids).toEqual([['id-1', 'id-2', 'id-3'], ['id-4', 'id-5', 'id-6'], ['id-7']]);
  });

  it('loads no more of a long stream than a page needs', async () => {
    const store = memoryEventStore();
    let read = 0;
    const api = anApi({
      events: {
        ...store,
        load: () => Promise.reject(new Error('The whole stream is not needed.')),
        loadFirst: async (...args) => {
          const first = await store.loadFirst(...args);
          read += first.commits.length;
          return first;
        },
      },
    });
    for (let position = 1; position <= 200; position++)
      await store.put(
        aCommit({
          ...{ stream, position, context: { 'us-east-1': position - 1 } },
          hlc: position.toString(16).padStart(16, '0'),
        }),
      );

    const { commits, next } = pageSchema.parse((await api.get(`${path}/events`, { query: 'limit=1' })).body);
    expect(commits).toHaveLength(1);
    await api.get(`${path}/events`, { query: `limit=1&after=${next}` });

    expect(read).toBe(4);
  });

  it('shows a late commit to a reader that follows the stream, whatever the stamp of the commit', async () => {
    const store = memoryEventStore();
    const api = anApi({ events: store });
    const west = anApi({ region: 'us-west-2', log: 'us-west-2' });
    await append(west, 9);
    api.runtime.advance(1000);
    await append(api, 1);
    const { version } = pageSchema.parse((await api.get(`${path}/events`)).body);
    for (const commit of await west.ports.events.load(stream)) store.replicate(commit);

    const { body } = await api.get(`${path}/events`, { query: `after=${version}` });

    expect(body).toMatchObject({ commits: [{ log: 'us-west-2', position: 1 }] });
  });

  it.each(['0', '-1', '1.5', '1001', 'all', '', 'NaN', 'Infinity', '1e2', '0x10'])(
    'refuses limit=%s',
    async (limit) => {
      for (const paged of [`${path}/events`, '/views/words'])
        expect(await anApi().problem('GET', paged, { query: `limit=${limit}` })).toMatchObject({
          status: 400,
          faults: [{ path: 'limit' }],
        });
    },
  );

  it('refuses `after` if it is not a version of this stream, and waits for a version that it has not seen', async () => {
    const api = anApi();
    const elsewhere = versionOf(await append(anApi({ region: 'us-west-2', log: 'us-west-2' }), 1));

    expect(await api.problem('GET', `${path}/events`, { query: 'after=x' })).toMatchObject({
      status: 400,
      faults: [{ path: 'after' }],
    });
    expect(await api.problem('GET', `${path}/events`, { query: `after=${elsewhere}` })).toMatchObject({ status: 425 });
  });

  it('ends a page early, with a cursor, where the next commit would be too large for the response', async () => {
    const api = anApi();
    for (let i = 0; i < 30; i++)
      await api.ports.events.put({
        ...aCommit({ stream: 'note/big', position: i + 1, context: i > 0 ? { 'us-east-1': i } : {} }),
        log: 'us-east-1',
        hlc: `${i}`.padStart(16, '0'),
        events: [{ type: 'Noted', schemaVersion: 1, data: { text: 'x'.repeat(250_000) } }],
      });

    expect(await pagesOf(api, 'note/big')).toEqual([23, 7]);
    expect(await api.problem('GET', '/streams/note/big')).toMatchObject({ status: 413, code: 'too-large' });
  });

  it('counts the size of a response in the JSON that carries it, where each quote is escaped', async () => {
    const api = anApi();
    for (let i = 0; i < 14; i++)
      await api.ports.events.put({
        ...aCommit({ stream: 'note/quotes', position: i + 1, context: i > 0 ? { 'us-east-1': i } : {} }),
        log: 'us-east-1',
        hlc: `${i}`.padStart(16, '0'),
        events: [{ type: 'Noted', schemaVersion: 1, data: { text: '"'.repeat(125_000) } }],
      });

    expect(await pagesOf(api, 'note/quotes')).toEqual([11, 3]);
  });

  it('returns the listed conflicts of all streams, and refuses what is not a filter', async () => {
    const ledger = memoryLedger();
    const api = anApi({ ledger });
    const commit = { log: 'us-east-1', position: 1, commitId: 'c', region: 'us-east-1', hlc: '018f000000000001' };
    await ledger.put(anEntry({ stream, commit, at: Date.UTC(2001, 0, 1), status: 'open' }));
    await ledger.put(anEntry({ stream: 'stock/1', commit, at: Date.UTC(2002, 0, 1) }));
    const listed = async (query: string) => {
      const { body } = await api.get('/conflicts', { query });
      return listedPageSchema.parse(body).conflicts.map((each) => each.stream);
    };
    expect(await listed('')).toEqual([stream, 'stock/1']);
    expect(await listed('open=true')).toEqual([stream]);
    expect(await listed('type=stock')).toEqual(['stock/1']);
    expect(await listed(`stream=${stream}`)).toEqual([stream]);
    expect(await listed('from=2001-06-01T00:00:00Z')).toEqual(['stock/1']);
    expect(await listed('to=2001-06-01T00:00:00+01:00')).toEqual([stream]);
    const { body } = await api.get('/conflicts', { query: 'limit=1' });
    const { next = '' } = listedPageSchema.parse(body);
    expect(await listed(new URLSearchParams({ after: next }).toString())).toEqual(['stock/1']);
    for (const [query, at] of [
      ['open=yes', 'open'],
      ['stream=note', 'stream'],
      ['from=yesterday', 'from'],
      ['to=2001-01-01', 'to'],
      ['after=x', 'after'],
    ] as const)
      expect(await api.problem('GET', '/conflicts', { query })).toMatchObject({ status: 400, faults: [{ path: at }] });
    expect(await api.problem('GET', '/conflicts', { query: 'type=boat' })).toMatchObject({ status: 404 });
    const without = await anApi().problem('GET', '/conflicts');
    expect(without).toMatchObject({ status: 503, retryable: true });
  });

  it('returns the conflicts of a stream, and refuses what is not a choice or a cursor', async () => {
    const api = anApi();
    await append(api, 1);
    await api.ports.events.put({
      ...aCommit({ stream, position: 1, log: 'us-west-2', context: {}, hlc: 'f'.padStart(16, '0') }),
      events: [{ type: 'Noted', schemaVersion: 1, data: { text: 'west' } }],
    });
    const own = { log: 'us-east-1', position: 1, commitId: 'id-1', region: 'us-east-1' };
    const { status, headers, body } = await api.get(`${path}/conflicts`, { query: 'open=false' });
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: `"${versionOf({ body })}"` });
    expect(body).toMatchObject({
      stream,
      conflicts: [{ ...own, kind: 'concurrent', open: false, against: [{ log: 'us-west-2' }] }],
    });
    expect((await api.get(`${path}/conflicts`, { query: 'open=true' })).body).toMatchObject({ conflicts: [] });
    expect((await api.get(`${path}/conflicts`, { query: 'after=us-east-1.1' })).body).toMatchObject({ conflicts: [] });
    for (const [query, at] of [
      ['open=yes', 'open'],
      ['open=', 'open'],
      ['after=x', 'after'],
      ['after=us-east-1.9', 'after'],
      ['limit=0', 'limit'],
    ] as const)
      expect(await api.problem('GET', `${path}/conflicts`, { query })).toMatchObject({
        status: 400,
        faults: [{ path: at }],
      });
    expect(await api.problem('GET', '/streams/boat/1/conflicts')).toMatchObject({ status: 404 });
  });

  it('handles HEAD like GET, without the body', async () => {
    const { headers } = await anApi().get('/streams/note/a');
    const event = functionUrlEvent({ method: 'HEAD', path: '/streams/note/a' });

    expect(await anApi().raw(event)).toEqual({ statusCode: 200, headers, body: '' });
  });
});

/** The number of commits of each page of a stream, in order. Every commit must be in exactly one page. */
async function pagesOf(api: ReturnType<typeof anApi>, stream: string): Promise<readonly number[]> {
  const pageSchema = z.object({ commits: z.array(z.object({ position: z.number() })), next: z.string().optional() });
  const pages: number[][] = [];
  for (let next: string | undefined; pages.length < 100; ) {
    const { status, body } = await api.get(
      `/streams/${stream}/events`,
      next === undefined ? {} : { query: `after=${next}` },
    );
    expect(status).toBe(200);
    const page = pageSchema.parse(body);
    pages.push(page.commits.map(({ position }) => position));
    next = page.next;
    if (next === undefined) break;
  }
  expect(pages.flat()).toEqual(pages.flat().map((_, i) => i + 1));
  return pages.map(({ length }) => length);
}

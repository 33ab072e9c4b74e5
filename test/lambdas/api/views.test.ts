import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineView } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/projection/handler.ts';
import { note as noteType } from '../../../testing/toy.ts';
import { context, recordedTelemetry, sqsEvent } from '../invocation.ts';
import { anApi, noted } from './an-api.ts';

type Api = ReturnType<typeof anApi>;

/** Appends, and notifies the projector. */
async function append(api: Api, stream: string, event: { readonly type: string; readonly data: unknown }) {
  const project = makeHandler({
    ...api.ports,
    logs: api.ports.regions,
    ledger: undefined,
    telemetry: recordedTelemetry(),
  });
  const { status } = await api.post('/events', { body: { stream, events: [event] } });
  expect(status).toBe(200);
  const position = (await api.ports.events.load(stream)).length;
  await project(sqsEvent([JSON.stringify({ keys: [{ stream, log: 'us-east-1', position }] })]), context);
}

function note(api: Api, id: string, text: string) {
  return append(api, `note/${id}`, noted(text));
}

const pageSchema = z.object({ rows: z.array(z.object({ key: z.string() })), next: z.string().optional() });

/** The keys of every page of a view. */
async function pages(api: Api, path: string, limit: number) {
  const keys: string[][] = [];
  let after: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) }).toString();
    const { rows, next } = pageSchema.parse((await api.get(path, { query })).body);
    keys.push(rows.map(({ key }) => key));
    after = next;
  } while (after !== undefined);
  return keys;
}

/** A view that counts the last text of each note; all other texts of its past are gone. */
function aView(kind: 'rows' | 'totals') {
  const isLive = (text: string | undefined): boolean => text !== undefined && text !== 'gone';
  const view =
    kind === 'rows'
      ? defineView({
          kind,
          name: 'live',
          of: noteType,
          row: (entries) => (isLive(entries.at(-1)?.text) ? entries.at(-1)?.text : undefined),
        })
      : defineView({
          kind,
          name: 'live',
          of: noteType,
          totals: (entries, id) => (isLive(entries.at(-1)?.text) ? { [id]: { n: 0 } } : {}),
        });
  return defineDomain({ streams: [noteType], views: [view] });
}

describe('a view whose streams nearly all ended', () => {
  it.each(['rows', 'totals'] as const)('returns the %s that are left, by a bounded number of queries', async (kind) => {
    const api = anApi({ domain: aView(kind) });
    for (let i = 0; i < 40; i++) {
      await note(api, `n${i}`, 'live');
      if (i < 39) await append(api, `note/n${i}`, noted('gone'));
    }
    const { status, body } = await api.get('/views/live', { query: 'limit=1' });
    expect({ status, body }).toMatchObject({ status: 200, body: { rows: [{ key: 'n39' }] } });
    expect((await api.get('/views/live/n0')).status).toBe(404);
    if (kind === 'totals') expect((await api.get('/views/live/n39')).body).toMatchObject({ value: { n: 0 } });
  });
});

describe('GET /views/{view}', () => {
  it('returns the totals of a view in the order of their keys', async () => {
    const api = anApi();
    await note(api, 'a', 'red');
    await note(api, 'b', 'blue');
    await note(api, 'c', 'blue');

    const { status, body } = await api.get('/views/words');

    expect(status).toBe(200);
    expect(body).toEqual({
      view: 'words',
      region: 'us-east-1',
      rows: [
        { key: 'blue', value: 2 },
        { key: 'red', value: 1 },
      ],
    });
  });

  it('pages through totals and rows, each once, in order, with full and partial last pages', async () => {
    const api = anApi();
    for (const id of ['b', 'e', 'a', 'd', 'c', 'f']) await note(api, id, `text of ${id}`);

    expect(await pages(api, '/views/notes', 4)).toEqual([
      ['a', 'b', 'c', 'd'],
      ['e', 'f'],
    ]);
    expect(await pages(api, '/views/notes', 3)).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ]);
    expect((await pages(api, '/views/words', 1)).flat()).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => `text of ${id}`),
    );
  });

  it('continues after any text, even one that is not a key', async () => {
    const api = anApi();
    for (const id of ['a', 'c']) await note(api, id, id);
    for (const [after, keys] of [
      ['b', ['c']],
      ['', ['a', 'c']],
      ['%C3%A9#', []],
    ] as const)
      expect((await api.get('/views/notes', { query: `after=${after}` })).body).toMatchObject({
        rows: keys.map((key) => ({ key })),
      });
  });

  it('returns no rows of a view without data, and 404 for an unknown view', async () => {
    const api = anApi();
    expect(await api.get('/views/words')).toMatchObject({ status: 200, body: { rows: [] } });
    for (const view of ['none', 'toString'])
      expect(await api.problem('GET', `/views/${view}`)).toMatchObject({
        status: 404,
        code: 'unknown-view',
        known: ['notes', 'words', 'taken', 'money'],
      });
  });
});

describe('GET /views/{view}/{key}', () => {
  it('returns the row of one key, for a view of totals and a view of rows', async () => {
    const api = anApi();
    await note(api, 'a', 'red');

    expect(await api.get('/views/words/red')).toMatchObject({
      status: 200,
      body: { view: 'words', region: 'us-east-1', key: 'red', value: 1 },
    });
    expect((await api.get('/views/notes/a')).body).toMatchObject({ key: 'a', value: [{ text: 'red' }] });
  });

  it('finds a key that must be percent-encoded in the path', async () => {
    const api = anApi();
    const odd = 'a/b %2F?#é';
    await note(api, 'a', odd);
    expect((await api.get(`/views/words/${encodeURIComponent(odd)}`)).body).toMatchObject({
      key: odd,
      value: 1,
    });
  });

  it('returns 404 for a key without a row, and for an unknown view', async () => {
    const api = anApi();
    expect(await api.problem('GET', '/views/words/XXX')).toMatchObject({ status: 404, code: 'not-found' });
    expect(await api.problem('GET', '/views/none/XXX')).toMatchObject({ status: 404, code: 'unknown-view' });
  });
});

describe('GET /health/live', () => {
  it('returns that the Region can serve, or 503 if its table does not respond', async () => {
    const api = anApi();
    expect(await api.get('/health/live')).toMatchObject({ status: 200, body: { region: 'us-east-1', live: true } });
    const at = async () => {
      throw new Error('the table is away');
    };
    const dead = anApi({ events: { ...api.ports.events, at } });
    expect(await dead.problem('GET', '/health/live')).toMatchObject({
      status: 503,
      code: 'unavailable',
      retryable: true,
    });
  });
});

describe('GET /health', () => {
  it('returns the age of the newest stamp seen of every Region, and null if there is none', async () => {
    const api = anApi();
    const seenAt = api.runtime.now();
    await api.ports.sightings.record('us-east-1', `${seenAt.toString(16).padStart(12, '0')}0007`);
    await api.ports.sightings.record('us-west-2', `${(seenAt + 5000).toString(16).padStart(12, '0')}0000`);
    api.runtime.advance(1500);

    const { status, body } = await api.get('/health');

    expect(status).toBe(200);
    expect(body).toEqual({
      region: 'us-east-1',
      seen: {
        'us-east-1': { at: new Date(seenAt).toISOString(), ageMs: 1500 },
        'us-east-2': null,
        'us-west-2': { at: new Date(seenAt + 5000).toISOString(), ageMs: 0 },
      },
    });
  });
});

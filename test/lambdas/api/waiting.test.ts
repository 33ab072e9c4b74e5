import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { encodeVersionToken } from '../../../core/index.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { anApi, noted, versionOf } from './an-api.ts';

const stream = 'note/n';
const path = `/streams/${stream}`;
/** The version of a commit that never arrives. */
const elsewhere = encodeVersionToken(stream, { 'us-west-2': 1 });

const reads = [
  ['a state', path, { 'if-at-least': elsewhere }, ''],
  ['a state at a version', path, {}, `at=${elsewhere}`],
  ['conflicts', `${path}/conflicts`, { 'if-at-least': elsewhere }, ''],
  ['commits', `${path}/events`, {}, `after=${elsewhere}`],
  ['a row', '/views/notes/n', { 'if-at-least': elsewhere }, ''],
  ['a page of rows', '/views/words', { 'if-at-least': elsewhere }, ''],
] as const;

describe('Prefer: wait on a read', () => {
  it.each(reads)('limits how long %s waits, and is reported', async (_what, path, headers, query) => {
    for (const [prefer, applied, least, most] of [
      ['wait=0', 'wait=0', 0, 0],
      ['wait=5', 'wait=5', 3_000, 5_000],
      ['respond-async, wait = 7', 'wait=7', 5_000, 7_000],
      ['wait=10', 'wait=10', 8_000, 10_000],
      ['wait=11', 'wait=10', 8_000, 10_000],
      ['wait=1e9', undefined, 500, 2_000],
      ['wait=-1', undefined, 500, 2_000],
      ['wait="3"', undefined, 500, 2_000],
      ['', undefined, 500, 2_000],
    ] as const) {
      const api = anApi();
      const began = api.runtime.elapsed();
      const { status, headers: answered, body } = await api.get(path, { headers: { ...headers, prefer }, query });
      expect({ status, body }).toMatchObject({ status: 425, body: { code: 'not-caught-up', wanted: elsewhere } });
      expect(answered['preference-applied']).toBe(applied);
      expect(answered['retry-after']).toBe('1');
      const waited = api.runtime.elapsed() - began;
      expect([waited >= least, waited <= most], `${prefer}: ${waited} ms`).toEqual([true, true]);
    }
  });

  it('is reported by an answer, by HEAD too, and not by another problem', async () => {
    const api = anApi();
    await api.post('/events', { body: { stream, events: [noted()] } });
    const headers = { prefer: 'wait=3' };
    for (const path of [`/streams/${stream}`, `/streams/${stream}/events`, '/views/notes'])
      for (const method of ['GET', 'HEAD'])
        expect((await api.raw(functionUrlEvent({ method, path, headers }))).headers).toMatchObject({
          'preference-applied': 'wait=3',
        });
    expect((await api.get('/views/notes/none', { headers })).status).toBe(404);
    expect((await api.get('/views/notes/none', { headers })).headers).not.toHaveProperty('preference-applied');
  });

  it('sends the version as soon as it has arrived', async () => {
    const store = memoryEventStore();
    const west = anApi({ region: 'us-west-2', log: 'us-west-2' });
    await west.post('/events', { body: { stream, events: [noted(9)] } });
    const [commit] = await west.ports.events.load(stream);
    const api = anApi({ events: store });
    const load: typeof store.load = async (...args) => {
      if (api.runtime.elapsed() > 6_000 && commit) store.replicate(commit);
      return store.load(...args);
    };
    const slow = anApi({ events: { ...store, load }, runtime: api.runtime });
    const headers = { 'if-at-least': elsewhere, prefer: 'wait=10' };
    expect(await slow.get(path, { headers })).toMatchObject({ status: 200, body: { state: [{ text: '9' }] } });
    expect(api.runtime.elapsed()).toBeGreaterThan(6_000);
  });
});

describe('GET /streams/{type}/{id}?at=', () => {
  async function withTwoNotes() {
    const api = anApi();
    const append = async (text: string) =>
      versionOf(await api.post('/events', { body: { stream, events: [noted(text)] } }));
    const first = await append('red');
    const time = api.runtime.now();
    api.runtime.advance(60_000);
    const second = await append('blue');
    return { api, first, second, time };
  }

  it('returns the state at a version, with its ETag, however the version is quoted', async () => {
    const { api, first } = await withTwoNotes();
    for (const at of [first, `"${first}"`, `W/"${first}"`]) {
      const { status, headers, body } = await api.get(path, { query: new URLSearchParams({ at }).toString() });
      expect(status).toBe(200);
      expect(headers).toEqual({ 'content-type': 'application/json', etag: `"${first}"` });
      expect(body).toMatchObject({ stream, state: [{ text: 'red' }], version: first, mode: 'merge' });
    }
  });

  it('returns the state at a time, in any offset', async () => {
    const { api, first, second, time } = await withTwoNotes();
    const east = new Date(time + 60 * 60_000).toISOString().replace('Z', '');
    for (const [at, version] of [
      [new Date(time).toISOString(), first],
      [new Date(time).toISOString().toLowerCase(), first],
      [`${east}+01:00`, first],
      [new Date(time + 60_000).toISOString(), second],
      ['2099-01-01T00:00:00.123456Z', second],
      ['1999-12-31T23:59:59Z', encodeVersionToken(stream, {})],
    ] as const) {
      const query = new URLSearchParams({ at }).toString();
      expect((await api.get(path, { query })).body, at).toMatchObject({ version });
    }
    // In a query, a plus sign is a space.
    expect((await api.get(path, { query: `at=${east}+01:00` })).body).toMatchObject({ version: first });
    expect((await api.get(path, { query: `at=${encodeURIComponent(second)}&at=${first}` })).headers).toMatchObject({
      warning: expect.stringContaining('at is repeated'),
    });
  });

  it('has what If-At-Least names before, which the state at an earlier point need not include', async () => {
    const { api, first, second } = await withTwoNotes();
    const headers = { 'if-at-least': second };
    expect((await api.get(path, { query: `at=${first}`, headers })).body).toMatchObject({ version: first });
    const behind = { 'if-at-least': elsewhere };
    expect((await api.get(path, { query: `at=${first}`, headers: behind })).status).toBe(425);
  });

  it.each([
    ['', 'neither a version token nor a time'],
    ['x', 'neither a version token nor a time'],
    ['""', 'neither a version token nor a time'],
    ['2026-11-30', 'neither a version token nor a time'],
    ['2026-11-30T12:00Z', 'neither a version token nor a time'],
    ['2026-11-30T12:00:00', 'neither a version token nor a time'],
    ['2026-02-30T12:00:00Z', 'neither a version token nor a time'],
    ['1764504000000', 'neither a version token nor a time'],
    [encodeVersionToken('note/other', { 'us-east-1': 1 }), 'is a version of note/other, not of note/n'],
    [encodeVersionToken(stream, { 'us-east-1': 7 }), 'us-east-1 has written 2 positions'],
    [encodeVersionToken(stream, { mars: 1 }), 'no Region writes the log mars'],
  ])('returns 400 for %j', async (at, message) => {
    const { api } = await withTwoNotes();
    const logs = anApi({ events: api.ports.events, logs: ['us-east-1', 'us-west-2'] });
    const query = new URLSearchParams({ at }).toString();
    expect(await logs.problem('GET', path, { query })).toMatchObject({
      status: 400,
      faults: [{ path: 'at', message: expect.stringContaining(message) }],
    });
  });
});

describe('GET /views/… with If-At-Least', () => {
  const token = encodeVersionToken(stream, { 'us-east-1': 1 });
  const other = encodeVersionToken('note/other', {});

  it.each([
    ['', 'is not a version token'],
    [' , ,', 'is not a version token'],
    ['x', 'is not a version token'],
    [`${token},x`, 'is not a version token'],
    [encodeVersionToken('account/us-east-1.ann', { 'us-east-1': 1 }), 'the view notes is of streams note/…'],
    [encodeVersionToken('note/!', {}), 'is not <type>/<id>'],
    [encodeVersionToken(`note/${'x'.repeat(1_100)}`, {}), 'is not <type>/<id>'],
    [Array.from({ length: 51 }, (_, i) => encodeVersionToken(`note/${i}`, {})).join(), 'has 51 streams; at most 50'],
  ])('returns 400 for %j', async (header, message) => {
    for (const path of ['/views/notes', '/views/notes/n'])
      expect(await anApi().problem('GET', path, { headers: { 'If-At-Least': header } })).toMatchObject({
        status: 400,
        faults: [{ path: 'If-At-Least', message: expect.stringContaining(message) }],
      });
  });

  it('takes a list, quoted or not, of which those of one stream are joined', async () => {
    const later = encodeVersionToken(stream, { 'us-east-1': 2 });
    for (const list of [`"${token}", W/"${later}",, ${other}`, `${later},${token}`, `${token},${later}`])
      expect(await anApi().problem('GET', '/views/notes', { headers: { 'if-at-least': list } })).toMatchObject({
        ...{ status: 425, code: 'not-caught-up', retryable: true },
        ...{ seen: encodeVersionToken(stream, {}), wanted: later, behind: [stream] },
      });
    expect((await anApi().get('/views/notes', { headers: { 'if-at-least': other } })).status).toBe(200);
  });
});

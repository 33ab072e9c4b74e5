import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { MeridianError } from '../../../core/index.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { anApi, eastStock, noted, versionOf, westStock } from './an-api.ts';

const stream = 'note/n';
function taken(by: string) {
  return { type: 'Taken', data: { by } };
}
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const outcomesSchema = z.array(z.looseObject({ id: z.string().optional(), problem: z.looseObject({}).optional() }));
function faultPaths({ faults }: { readonly [member: string]: unknown }) {
  return z
    .array(z.object({ path: z.string() }))
    .parse(faults)
    .map(({ path }) => path);
}

describe('POST /events', () => {
  it('appends the events of an envelope as one commit, and returns its id, version and position', async () => {
    const api = anApi();

    const { status, body } = await api.post('/events', {
      body: { id: 'a', stream, events: [noted(1), noted(2)], meta: { correlation: 'c', actor: 'me' } },
    });

    expect(status).toBe(200);
    expect(body).toEqual({ id: 'a', stream, version: expect.any(String), log: 'us-east-1', position: 1 });
    expect(await api.ports.events.load(stream)).toMatchObject([
      {
        commitId: 'a',
        position: 1,
        events: [
          { type: 'Noted', schemaVersion: 1, data: { text: '1' } },
          { type: 'Noted', schemaVersion: 1, data: { text: '2' } },
        ],
        meta: { correlation: 'c', actor: 'me' },
      },
    ]);
  });

  it('generates an id for an envelope without one', async () => {
    const { body } = await anApi().post('/events', { body: { stream, events: [noted()] } });
    expect(body).toMatchObject({ id: 'id-1' });
  });

  it('returns the same on a retry, even from another process, and writes once', async () => {
    const api = anApi();
    const again = anApi({ events: api.ports.events });
    const body = { id: 'a', stream, events: [noted()] };

    const answers = [await api.post('/events', { body }), await api.post('/events', { body })];
    const elsewhere = await again.post('/events', {
      body: {
        events: [{ data: { text: 'red' }, type: 'Noted' }],
        stream,
        id: 'a',
      },
    });

    expect(answers[1]).toEqual(answers[0]);
    expect(elsewhere).toEqual(answers[0]);
    expect(await api.ports.events.load(stream)).toHaveLength(1);
  });

  it('returns 409 for an id that belongs to another request', async () => {
    const api = anApi();
    await api.post('/events', { body: { id: 'a', stream, events: [noted(1)] } });

    const problem = await api.problem('POST', '/events', { body: { id: 'a', stream, events: [noted(2)] } });

    expect(problem).toMatchObject({ status: 409, code: 'id-reused', log: 'us-east-1', position: 1, retryable: false });
  });

  it.each([undefined, null, 5, 'text', {}, { stream: 5 }, { stream: 'Note/a', events: [] }])(
    'refuses an invalid envelope: %j',
    async (body) => {
      const problem = await anApi().problem('POST', '/events', { body });
      expect(problem).toMatchObject({ status: 400, code: 'validation' });
    },
  );

  it('names the path of every fault of an envelope', async () => {
    const problem = await anApi().problem('POST', '/events', {
      body: {
        id: 'with blank',
        stream: 'note/a b',
        events: [{ type: 5 }, { type: 'Noted', data: {}, when: 'now' }],
        meta: { actor: '', traceparent: 'x', tenant: 't' },
        extra: 1,
      },
    });

    expect(problem.status).toBe(400);
    expect(faultPaths(problem).sort()).toEqual([
      'events[0].type',
      'events[1].when',
      'extra',
      'id',
      'meta.actor',
      'meta.tenant',
      'meta.traceparent',
      'stream',
    ]);
  });

  it('names the path of every fault of the data of events, and an unknown version', async () => {
    const problem = await anApi().problem('POST', '/events', {
      body: {
        stream,
        events: [noted(), { type: 'Noted', schemaVersion: 3, data: { text: 1.5, size: 1 } }, { type: 'Noted' }],
      },
    });

    expect(problem).toMatchObject({ status: 400, code: 'validation' });
    expect(faultPaths(problem).sort()).toEqual([
      'events[1].data.size',
      'events[1].data.text',
      'events[1].schemaVersion',
      'events[2].data',
    ]);
  });

  it('returns 404 for an unknown stream type and for an unknown event, with the known ones', async () => {
    const api = anApi();
    expect(await api.problem('POST', '/events', { body: { stream: 'boat/1', events: [noted()] } })).toMatchObject({
      status: 404,
      code: 'unknown-stream-type',
      known: ['note', 'account', 'stock'],
    });
    for (const type of ['Sunk', 'constructor', '__proto__'])
      expect(await api.problem('POST', '/events', { body: { stream, events: [noted(), { type }] } })).toMatchObject({
        status: 404,
        code: 'unknown-event',
        path: 'events[1].type',
        known: ['Noted'],
      });
  });

  it('accepts expected for a home stream only, and basedOn for a merge stream only', async () => {
    const api = anApi();
    const token = versionOf(await api.post('/events', { body: { stream, events: [noted()] } }));

    const expected = await api.problem('POST', '/events', { body: { stream, events: [noted()], expected: token } });
    const basedOn = await api.problem('POST', '/events', {
      body: { stream: eastStock, events: [taken('p')], basedOn: token },
    });

    expect([expected.code, ...faultPaths(expected)]).toEqual(['validation', 'expected']);
    expect([basedOn.code, ...faultPaths(basedOn)]).toEqual(['validation', 'basedOn']);
  });

  it('refuses an invalid token, and the token of another stream', async () => {
    const api = anApi();
    const other = versionOf(await api.post('/events', { body: { stream: `${stream}0`, events: [noted()] } }));
    for (const basedOn of ['', 'x', '!', '*', other]) {
      const problem = await api.problem('POST', '/events', { body: { stream, events: [noted()], basedOn } });
      expect([problem.code, ...faultPaths(problem)]).toEqual(['validation', 'basedOn']);
    }
  });

  it('appends to a home stream at the expected version, and otherwise returns its version', async () => {
    const api = anApi();
    const first = versionOf(await api.post('/events', { body: { stream: eastStock, events: [taken('p')] } }));
    const second = versionOf(
      await api.post('/events', { body: { id: 'b', stream: eastStock, events: [taken('q')], expected: first } }),
    );

    const problem = await api.problem('POST', '/events', {
      body: { stream: eastStock, events: [taken('r')], expected: first },
    });
    const again = await api.post('/events', {
      body: { id: 'b', stream: eastStock, events: [taken('q')], expected: first },
    });

    expect(problem).toMatchObject({ status: 409, code: 'version-conflict', expected: first, actual: second });
    expect(versionOf(again)).toBe(second);
  });

  it('uses basedOn as the context of a merge commit', async () => {
    const api = anApi();
    const old = versionOf(await api.post('/events', { body: { stream, events: [noted(1)] } }));
    await api.post('/events', { body: { stream, events: [noted(2)] } });

    const { status } = await api.post('/events', { body: { stream, events: [noted(3)], basedOn: old } });

    expect(status).toBe(200);
    expect((await api.ports.events.load(stream)).at(-1)?.context).toEqual({ 'us-east-1': 1 });
  });

  it('accepts 100 events at once and refuses 101', async () => {
    const api = anApi();
    const events = Array.from({ length: 101 }, (_, i) => noted(i));

    expect(await api.post('/events', { body: { stream, events: events.slice(1) } })).toMatchObject({ status: 200 });
    expect(await api.problem('POST', '/events', { body: { stream, events } })).toMatchObject({
      status: 413,
      code: 'too-large',
      limit: 100,
    });
    expect(await api.ports.events.load(stream)).toHaveLength(1);
  });

  it('refuses a commit that is too large for the bus, and appends no part of it', async () => {
    const api = anApi();
    const written = (length: number) => ({
      stream: 'note/a',
      events: [{ type: 'Noted', data: { text: 'é'.repeat(length / 2) } }],
    });

    expect(await api.post('/events', { body: written(255_000) })).toMatchObject({ status: 200 });
    expect(await api.problem('POST', '/events', { body: written(256_000) })).toMatchObject({
      status: 413,
      code: 'too-large',
      limit: 256_000,
      bytes: expect.any(Number),
    });
    expect(await api.ports.events.load('note/a')).toHaveLength(1);
  });

  it('returns the result of each envelope of an array in its place, and a refused envelope does not stop the others', async () => {
    const api = anApi();

    const { status, body } = await api.post('/events', {
      body: [
        { id: 'a', stream, events: [noted(1)] },
        { id: 'b', stream, events: [{ type: 'Sunk' }] },
        null,
        { stream: 'boat/1', events: [noted()] },
        { id: 'c', stream, events: [noted(2)] },
        { id: 'd', stream: westStock, events: [taken('p')] },
        { id: 'a', stream, events: [noted(1)] },
      ],
    });

    expect(status).toBe(200);
    const answers = outcomesSchema.parse(body);
    expect(answers.map(({ id, problem }) => [id, problem?.code])).toEqual([
      ['a', undefined],
      ['b', 'unknown-event'],
      [undefined, 'validation'],
      [undefined, 'unknown-stream-type'],
      ['c', undefined],
      ['d', 'region-unreachable'],
      ['a', undefined],
    ]);
    expect(answers[1]).not.toHaveProperty('version');
    expect(answers[6]).toEqual(answers[0]);
    expect(await api.ports.events.load(stream)).toMatchObject([{ commitId: 'a' }, { commitId: 'c' }]);
  });

  it('appends the envelopes of one stream in order', async () => {
    const api = anApi();
    const ids = Array.from({ length: 20 }, (_, i) => `id-${i}`);

    await api.post('/events', { body: ids.map((id, i) => ({ id, stream, events: [noted(i)] })) });

    expect((await api.ports.events.load(stream)).map(({ commitId }) => commitId)).toEqual(ids);
  });

  it('runs the commands among the envelopes, as on the bus, with their meta', async () => {
    const api = anApi();
    const take = { stream: eastStock, command: 'take', input: 'p' };

    const { body } = await api.post('/events', {
      body: [
        { id: 'a', stream, events: [noted()] },
        { id: 'b', ...take, meta: { actor: 'desk' } },
        { id: 'c', ...take, input: {} },
        { id: 'd', ...take, events: [noted()] },
      ],
    });

    expect(outcomesSchema.parse(body).map(({ id, problem }) => [id, problem?.code])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', 'validation'],
      ['d', 'validation'],
    ]);
    expect(await api.ports.events.load(eastStock)).toMatchObject([{ commitId: 'b', meta: { actor: 'desk' } }]);
    expect(await api.post('/events', { body: { id: 'b', ...take } })).toMatchObject({
      status: 200,
      headers: { etag: expect.any(String) },
    });
  });

  it('starts no envelope of a stream after an envelope that must be retried, so that none overtakes it', async () => {
    const api = anApi();
    const elsewhere = westStock;

    const { body } = await api.post('/events', {
      body: [
        { id: 'a', stream: elsewhere, events: [taken('p')] },
        { id: 'b', stream: elsewhere, events: [taken('q')] },
        { id: 'c', stream, events: [noted()] },
      ],
    });

    expect(outcomesSchema.parse(body).map(({ id, problem }) => [id, problem?.code])).toEqual([
      ['a', 'region-unreachable'],
      ['b', 'unavailable'],
      ['c', undefined],
    ]);
  });

  it('accepts up to 100 envelopes at once, even none, and refuses 101 without parsing any', async () => {
    const api = anApi();
    const envelopes = Array.from({ length: 101 }, (_, i) => ({ stream: `note/${i}`, events: [noted()] }));

    expect(await api.post('/events', { body: [] })).toMatchObject({ status: 200, body: [] });
    expect(await api.problem('POST', '/events', { body: envelopes })).toMatchObject({ status: 413, limit: 100 });
    expect(await api.ports.events.load('note/0')).toEqual([]);
    expect(await api.post('/events', { body: envelopes.slice(1) })).toMatchObject({ status: 200 });
    expect(await api.ports.events.load('note/100')).toHaveLength(1);
  });

  it('keeps the trace of the caller in meta, unless the envelope names its own or the header is malformed', async () => {
    const api = anApi();
    const post = (id: string, header: string, meta?: object) =>
      api.post('/events', {
        headers: { traceparent: header },
        body: { id, stream, events: [noted()], ...(meta && { meta }) },
      });

    await post('a', traceparent);
    await post('b', 'not-a-traceparent');
    await post('c', traceparent, { traceparent: traceparent.replace('0af7', 'ffff'), actor: 'me' });

    expect((await api.ports.events.load(stream)).map(({ meta }) => meta)).toEqual([
      { traceparent },
      {},
      { traceparent: traceparent.replace('0af7', 'ffff'), actor: 'me' },
    ]);
  });

  it('calls the home Region of a home stream, and returns its response', async () => {
    const home = anApi();
    const asked: unknown[] = [];
    const api = anApi({
      remote: {
        invoke: async (region, request) => {
          asked.push([region, request]);
          return {
            appended: {
              stream: westStock,
              commitId: 'a',
              version: { 'us-west-2': 4 },
              dot: { log: 'us-west-2', position: 4 },
            },
          };
        },
      },
    });

    const { status, body } = await api.post('/events', {
      headers: { traceparent },
      body: { id: 'a', stream: westStock, events: [taken('p')] },
    });

    expect(status).toBe(200);
    expect(body).toMatchObject({ id: 'a', log: 'us-west-2', position: 4 });
    expect(asked).toMatchObject([
      ['us-west-2', { commitId: 'a', operation: { kind: 'events' }, meta: { traceparent } }],
    ]);
    expect(await home.ports.events.load(westStock)).toEqual([]);
  });

  it('passes on the home Region’s refusal unchanged', async () => {
    const problem = {
      type: 'urn:meridian:problem:version-conflict',
      title: 'version conflict',
      status: 409,
      detail: 'elsewhere',
      code: 'version-conflict',
      retryable: false,
      expected: 'x',
      actual: 'y',
    };
    const api = anApi({ remote: { invoke: async () => ({ problem }) } });

    const answer = await api.problem('POST', '/events', {
      body: { stream: westStock, events: [taken('p')] },
    });

    expect(answer).toEqual(problem);
  });

  it('returns 503 with a time to retry if the home Region is unreachable', async () => {
    const api = anApi();

    const { status, headers, body } = await api.post('/events', {
      body: { stream: westStock, events: [taken('p')] },
    });

    expect(status).toBe(503);
    expect(headers).toMatchObject({ 'retry-after': '1' });
    expect(body).toMatchObject({ code: 'region-unreachable', retryable: true });
    expect(api.lines).toMatchObject([{ level: 'error' }]);
  });

  it('returns 503 with a time to retry if a store is throttled, and a retry then succeeds', async () => {
    const store = memoryEventStore();
    let throttled = true;
    const api = anApi({
      events: {
        ...store,
        put: async (commit) => {
          if (throttled) throw new MeridianError('unavailable', 'DynamoDB is throttled.', { retryable: true });
          return store.put(commit);
        },
      },
    });
    const body = { id: 'a', stream, events: [noted()] };

    const refused = await api.post('/events', { body });
    throttled = false;
    const taken = await api.post('/events', { body });

    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: { code: 'unavailable' } });
    expect(taken).toMatchObject({ status: 200 });
    expect(await store.load(stream)).toHaveLength(1);
  });

  it('starts no further envelope once 10 s have passed since the request, and reports which ones to send again', async () => {
    const store = memoryEventStore();
    const api = anApi({
      events: {
        ...store,
        put: async (commit) => {
          api.runtime.advance(10_001);
          return store.put(commit);
        },
      },
    });
    const envelope = (id: string) => ({ id, stream, events: [noted()] });

    const { status, body } = await api.post('/events', { body: [envelope('a'), envelope('b')] });

    expect(status).toBe(200);
    expect(body).toMatchObject([
      { id: 'a', position: 1 },
      { id: 'b', stream, problem: { code: 'unavailable', retryable: true } },
    ]);
  });

  it('cuts long texts in the result of a refused envelope, and returns the results of the others', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const good = JSON.stringify({ id: 'good', stream, events: [noted()] });

    const { body } = await anApi().post('/events', {
      body: `[${good},{"id":${deep}},{"id":"${'x'.repeat(1000)}"},{"stream":7}]`,
    });

    expect(body).toMatchObject([
      { id: 'good', position: 1 },
      { problem: {} },
      { id: 'x'.repeat(300) },
      { problem: {} },
    ]);
  });

  it('refuses a body that is not UTF-8', async () => {
    const event = functionUrlEvent({ method: 'POST', path: '/events', body: '' });
    const body = Buffer.from('{"stream":"\xff"}', 'latin1').toString('base64');

    const { status } = await anApi().send({ ...event, body, isBase64Encoded: true });

    expect(status).toBe(400);
  });
});

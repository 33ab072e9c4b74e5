import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { orSdkError } from '../../../adapters/sdk/sdk-error.ts';
import { MeridianError } from '../../../core/index.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { anApi, noted } from './an-api.ts';

const envelope = { id: 'a', stream: 'note/n', events: [noted()] };

describe('every request', () => {
  it.each([
    '/',
    '/event',
    '/events/',
    '/streams',
    '/streams/note',
    '/views',
    '/views/a/b/c',
    '/health/x',
    '/transactions/',
    '/transactions/a/b',
    '',
  ])('returns 404 for an unknown path: "%s"', async (path) => {
    expect(await anApi().problem('GET', path)).toMatchObject({ status: 404, code: 'not-found' });
  });

  it.each([
    ['GET', '/events', 'POST'],
    ['PUT', '/streams/note/a', 'GET, HEAD'],
    ['GET', '/streams/note/a/commands/note', 'POST'],
    ['POST', '/streams/note/a/events', 'GET, HEAD'],
    ['DELETE', '/views/words', 'GET, HEAD'],
    ['POST', '/views/words/red', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['HEAD', '/events', 'POST'],
    ['GET', '/transactions', 'POST'],
    ['POST', '/transactions/us-east-1:a', 'GET, HEAD'],
  ])('returns 405 for %s %s with the allowed methods', async (method, path, allowed) => {
    const api = anApi();

    const { headers } = await api.call(method, path);

    expect(headers).toMatchObject({ allow: allowed });
    expect(await api.problem(method, path)).toMatchObject({
      status: 405,
      code: 'method-not-allowed',
      allowed: allowed.split(', '),
      retryable: false,
    });
  });

  it.each([
    '/views/x/%2e%2e/%2e%2e/events',
    '/views/x/%2E%2e/%2e%2E/events',
    '/views/x/../../health',
    '/views/./words',
    '/views/%2e/words',
    '/views/words/..',
    '/x/%2e./health',
    '/./health',
    '/x\\..\\health',
    '/hea\tlth',
    '/health?x',
    '/health#x',
  ])('returns 404 for a path that a proxy may rewrite: %j', async (path) => {
    for (const method of ['GET', 'POST'])
      expect(await anApi().problem(method, path)).toMatchObject({ status: 404, code: 'not-found' });
  });

  it('accepts dots that are part of a name', async () => {
    const api = anApi();
    for (const path of ['/streams/note/..a', '/streams/note/a%2eb', '/streams/note/...'])
      expect((await api.get(path)).status, path).toBe(200);
  });

  it.each([
    ['/views/words', 'limti=3', '299 - "query parameter limti is unknown and was ignored; did you mean limit?"'],
    ['/streams/note/a/events', 'x=1', '299 - "query parameter x is unknown and was ignored."'],
    ['/streams/note/a', 'limit=3', '299 - "query parameter limit is unknown and was ignored."'],
    ['/health', 'Limit', '299 - "query parameter Limit is unknown and was ignored."'],
    ['/views/words', 'limit=1&limit=2', '299 - "query parameter limit is repeated: only the first counts"'],
    [
      '/views/words',
      'a%22%0d%0a=1&b=2',
      '299 - "query parameter a%22%0D%0A is unknown and was ignored.", 299 - "query parameter b is unknown and was ignored."',
    ],
  ])('reports in Warning what it ignores of the query: %s?%s', async (path, query, warning) => {
    const { status, headers } = await anApi().get(path, { query });
    expect({ status, warning: headers.warning }).toEqual({ status: 200, warning });
  });

  it('reports what it ignores of the query with a problem, and with HEAD, too', async () => {
    const warning = expect.stringContaining('limti');
    expect(await anApi().get('/views/words', { query: 'limit=0&limti=3' })).toMatchObject({
      status: 400,
      headers: { warning },
    });
    const head = await anApi().direct(functionUrlEvent({ method: 'HEAD', path: '/health', query: 'limti=3' }));
    expect(head).toMatchObject({ statusCode: 200, headers: { warning } });
    expect(await anApi().post('/events', { query: 'limti=3', body: envelope })).toMatchObject({
      status: 200,
      headers: { warning },
    });
  });

  it('has no Warning if it reads the whole query, if a signature is in it, or if there is no such path', async () => {
    for (const [path, query] of [
      ['/views/words', 'limit=3&after=a'],
      ['/health', ''],
      ['/health', 'X-Amz-Signature=abc&X-Amz-Date=1'],
      ['/nothing', 'x=1'],
    ] as const)
      expect((await anApi().get(path, { query })).headers).not.toHaveProperty('warning');
  });

  it('names at most ten ignored parameters, and at most 50 characters of each', async () => {
    const query = Array.from({ length: 1000 }, (_, i) => `${'x'.repeat(1000)}${i}=1`).join('&');
    const { headers } = await anApi().get('/health', { query });
    expect(headers.warning?.length).toBeLessThan(1500);
    expect(headers.warning).toMatch(/299 - "990 more query parameters were ignored"$/);
  });

  it.each([
    {},
    null,
    'text',
    { Records: [] },
    { rawPath: '/health' },
    { ...functionUrlEvent({ method: 'GET', path: '/health' }), headers: { a: 1 } },
    { ...functionUrlEvent({ method: 'GET', path: '/health' }), requestContext: {} },
    { ...functionUrlEvent({ method: 'POST', path: '/events' }), body: { events: [] } },
  ])('refuses an event that does not come from the URL, as a fault of the caller: %j', async (event) => {
    const api = anApi();
    const answer = await api.direct(event);
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'validation',
      detail: expect.stringContaining('by its URL'),
    });
    expect(api.lines).toEqual([]);
    expect(api.runtime.metrics.get('ApiFailed')).toBeUndefined();
  });

  it('counts failures that are not the fault of the caller, also those of single envelopes, and says nothing of AWS', async () => {
    const text = 'User: arn:aws:sts::123456789012:assumed-role/shop-us-east-1-api is not authorized';
    const refused = Object.assign(new Error(text), {
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 400 },
    });
    const load = () => orSdkError('load note/n', Promise.reject(refused));
    const api = anApi({ events: { ...memoryEventStore(), load } });

    const read = await api.get('/streams/note/n');
    expect(read).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(api.runtime.metrics.get('ApiFailed')).toBe(1);
    const sent = await api.post('/events', { body: [envelope, { ...envelope, stream: 'note/m' }] });
    expect(sent).toMatchObject({ status: 200, body: [{ problem: { status: 500 } }, { problem: { status: 500 } }] });
    expect(api.runtime.metrics.get('ApiFailed')).toBe(3);

    for (const { body } of [read, sent]) expect(JSON.stringify(body)).not.toMatch(/arn:|assumed-role|123456789012/);
    expect(JSON.stringify(read.body)).toContain('AccessDeniedException');
    expect(api.lines).toMatchObject([{ details: { error: { cause: { message: text } } } }]);
  });

  it('refuses a path that is not percent-encoded UTF-8', async () => {
    for (const path of ['/streams/note/%zz', '/views/words/%ff'])
      expect(await anApi().problem('GET', path)).toMatchObject({ status: 400, code: 'validation' });
  });

  it('refuses a stream name that is only valid percent-encoded', async () => {
    for (const id of ['a%2Fb', 'a%20b', '%23', 'é', `${'x'.repeat(201)}`])
      expect(await anApi().problem('GET', `/streams/note/${id}`)).toMatchObject({ status: 400, code: 'validation' });
  });

  it('decodes a percent-encoded stream name', async () => {
    const { body } = await anApi().get('/streams/account/us%2Dwest%2d2.ann');
    expect(body).toMatchObject({ stream: 'account/us-west-2.ann' });
  });

  it('refuses a body that is not JSON, with the position of the error', async () => {
    for (const path of ['/events', '/streams/note/n/commands/note']) {
      const problem = await anApi().problem('POST', path, { body: '{"id": "a",' });
      expect(problem).toMatchObject({ status: 400, code: 'validation' });
      expect(problem.detail).toMatch(/^The body is not JSON: .*position 11/);
    }
  });

  it('reads a base64 body, which a Function URL uses for binary data', async () => {
    const event = functionUrlEvent({ method: 'POST', path: '/events' });
    const body = Buffer.from(JSON.stringify(envelope)).toString('base64');
    expect(await anApi().send({ ...event, body, isBase64Encoded: true })).toMatchObject({ status: 200 });
  });

  it('accepts a body of 5 MB and refuses one more byte, counted in UTF-8', async () => {
    const api = anApi();
    const [head, tail] = ['{"ignored":"', '"}'];
    const filler = (bytes: number) => `${head}${'é'.repeat((bytes - head.length - tail.length) / 2)}${tail}`;

    const fits = await api.problem('POST', '/events', { body: filler(5_000_000) });
    const tooLarge = await api.problem('POST', '/events', { body: filler(5_000_002) });

    expect(fits.code).toBe('validation');
    expect(tooLarge).toMatchObject({ status: 413, code: 'too-large', bytes: 5_000_002, limit: 5_000_000 });
  });

  it('finds headers by case-insensitive names', async () => {
    const { body } = await anApi().post('/streams/note/n/commands/note', {
      headers: { 'IDEMPOTENCY-key': 'mine' },
      body: noted().data,
    });
    expect(body).toMatchObject({ id: 'mine' });
  });

  it('returns internal errors as 500, without details for the caller and with all of them in the log', async () => {
    const events = {
      ...memoryEventStore(),
      load: async () => {
        throw new Error('secret of the inside');
      },
    };
    const api = anApi({ events });

    const answer = await api.get('/streams/note/n');

    expect(answer).toMatchObject({ status: 500, headers: { 'retry-after': '1' }, body: { code: 'internal' } });
    expect(JSON.stringify(answer)).not.toMatch(/secret|stack|\.ts/);
    expect(api.lines).toMatchObject([
      {
        level: 'error',
        details: { path: '/streams/note/n', error: { message: 'secret of the inside' } },
      },
    ]);
  });

  it.each([
    [7, '7'],
    [0, '1'],
    [-5, '1'],
    [1.5, '1'],
    ['7\r\nx: y', '1'],
    [undefined, '1'],
  ])('if an error has the retryAfter %s, returns the Retry-After %s', async (retryAfter, seconds) => {
    const events = {
      ...memoryEventStore(),
      load: async () => {
        throw new MeridianError('unavailable', 'Try again.', { retryable: true, details: { retryAfter } });
      },
    };
    const { headers } = await anApi({ events }).get('/streams/note/n');
    expect(headers['retry-after']).toBe(seconds);
  });

  it("does not log callers' faults", async () => {
    const api = anApi();
    await api.post('/events', { body: {} });
    expect(api.lines).toEqual([]);
  });
});

import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, type Server, request as send } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toyDomain } from '../../../testing/toy.ts';
import { serveWorld } from '../../../world/network/server.ts';
import { World } from '../../../world/world.ts';

const world = new World({ domain: toyDomain, regions: ['us-east-1', 'us-west-2'], latency: false });
let server: Server;
let port = 0;
beforeAll(async () => {
  server = await serveWorld(world, 0);
  const address = server.address();
  if (address && typeof address === 'object') port = address.port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function request(
  method: string,
  path: string,
  { body, headers = {} }: { readonly body?: string | Buffer; readonly headers?: RequestOptions['headers'] } = {},
) {
  const outgoing = send({ host: '127.0.0.1', port, method, path, headers });
  outgoing.end(body);
  const [response]: IncomingMessage[] = await once(outgoing, 'response');
  if (!response) throw new Error('No response.');
  const answer = await text(response);
  const json: unknown = answer === '' ? undefined : JSON.parse(answer);
  return { status: response.statusCode, headers: response.headers, body: json };
}

describe('a request that a page of another site makes a browser send', () => {
  const append = (headers: RequestOptions['headers']) =>
    request('POST', '/regions/us-east-1/events', { headers, body: JSON.stringify({ id: 'forged' }) });

  it.each([
    { host: 'evil.example' },
    { host: 'evil.example:7070' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost:7070', origin: 'https://evil.example' },
    { host: '127.0.0.1', origin: 'null' },
    { host: 'localhost', origin: 'http://localhost.evil.example' },
  ])('is refused by its host or origin: %j', async (headers) => {
    expect(await append(headers)).toMatchObject({ status: 421, body: { code: 'misdirected' } });
  });

  it.each([
    { host: 'localhost:1234' },
    { host: '127.0.0.1', origin: 'http://localhost:3000' },
    { host: '[::1]:7070', origin: 'http://[::1]:7070' },
  ])('is not one that comes from this computer: %j', async (headers) => {
    expect(await append(headers)).toMatchObject({ status: 400, body: { code: 'validation' } });
  });
});

describe('the server of a world', () => {
  it('listens on the loopback address only', () => {
    expect(server.address()).toMatchObject({ address: '127.0.0.1' });
  });

  it('lists the Regions at its root', async () => {
    expect(await request('GET', '/')).toMatchObject({
      status: 200,
      body: { regions: ['/regions/us-east-1/health', '/regions/us-west-2/health'] },
    });
  });

  it('offers the API of each Region under its name, with headers, queries and bodies', async () => {
    const appended = await request('POST', '/regions/us-east-1/streams/note/b%7E1/commands/note', {
      headers: { 'Idempotency-Key': 'mine', 'Content-Type': 'application/json' },
      body: '{"text":"gr\u00fcn"}',
    });
    await world.whenIdle();

    expect(appended).toMatchObject({ status: 200, body: { id: 'mine', stream: 'note/b~1', position: 1 } });
    expect(appended.headers.etag).toMatch(/^"[\w-]+"$/);
    expect(await request('GET', '/regions/us-west-2/streams/note/b~1')).toMatchObject({
      status: 200,
      body: { region: 'us-west-2', state: [{ text: 'gr\u00fcn' }] },
    });
    expect(await request('GET', '/regions/us-west-2/views/notes?limit=1&after=a')).toMatchObject({
      status: 200,
      body: { rows: [{ key: 'b~1' }] },
    });
    expect(await request('GET', '/regions/us-west-2/health')).toMatchObject({ body: { region: 'us-west-2' } });
    expect(await request('GET', '/regions/us-west-2/health/live')).toMatchObject({
      status: 200,
      body: { region: 'us-west-2', live: true },
    });
  });

  it.each(['/regions/', '/regions/mars-1/health', '/health', '/regions/us-east-1x/health'])(
    'returns 404 at %s with the paths of the Regions',
    async (path) => {
      expect(await request('GET', path)).toMatchObject({
        status: 404,
        headers: { 'content-type': 'application/problem+json' },
        body: { detail: expect.stringContaining('us-east-1, us-west-2') },
      });
    },
  );

  it('passes the rest of the path to the API', async () => {
    for (const path of ['/regions/us-east-1', '/regions/us-east-1/', '/regions/us-east-1/nothing'])
      expect(await request('GET', path)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await request('PUT', '/regions/us-east-1/health')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
  });

  it('returns the address at this server at which an undecided transaction can be queried', async () => {
    const participants = ['stock/0', 'stock/1'].map((stream) => ({ stream, command: 'take', input: 'me' }));
    const ask = (wait: number) =>
      request('POST', '/regions/us-east-1/transactions', {
        headers: { Prefer: `wait=${wait}` },
        body: JSON.stringify({ id: 'us-east-1:a', participants, timeoutSeconds: 240 }),
      });
    const { machine } = world.region('us-east-1');
    // The execution is lost at its first step: nothing is decided until the transaction is sent again.
    machine.beforeStep = ({ kill }) => kill();
    const { status, headers } = await ask(0);
    machine.beforeStep = () => undefined;
    const sentAgain = await ask(40);

    expect([status, headers.location]).toEqual([202, '/regions/us-east-1/transactions/us-east-1:a']);
    expect(sentAgain.status).toBe(200);
    expect(await request('GET', headers.location ?? '')).toMatchObject({ status: 200, body: { state: 'committed' } });
  });

  it('returns 413 above the limit of a Function URL', async () => {
    const body = Buffer.alloc(6 * 1024 * 1024 + 1, 'x');
    const path = '/regions/us-east-1/events';
    expect(await request('POST', path, { body })).toMatchObject({ status: 413 });
    expect(await request('POST', path, { body: body.subarray(1) })).toMatchObject({
      status: 413,
      body: { code: 'too-large' },
    });
  });

  it('continues after a client disconnects in the middle of its request', async () => {
    const begun = once(server, 'request');
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /regions/us-east-1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"stream"');
    const [incoming]: IncomingMessage[] = await begun;
    if (!incoming) throw new Error('No request.');
    const gone = new Promise((resolve) => incoming.once('close', resolve));
    socket.destroy();
    await gone;

    expect(await request('GET', '/regions/us-east-1/health')).toMatchObject({ status: 200 });
  });

  it('returns 502 if a function does not respond, like a Function URL', async () => {
    const broken = new World({
      domain: toyDomain,
      regions: ['us-east-1', 'us-west-2'],
      withFaults: () => {
        throw new Error('a cold start that fails');
      },
    });
    const own = await serveWorld(broken, 0);
    const address = own.address();
    const host = address && typeof address === 'object' ? `http://127.0.0.1:${address.port}` : '';

    const { status } = await fetch(`${host}/regions/us-east-1/health`);
    own.closeAllConnections();
    own.close();

    expect(status).toBe(502);
  });

  it('says what to do if its port is in use', async () => {
    await expect(serveWorld(world, port)).rejects.toThrow(new RegExp(`${port} is in use.*--port`));
  });
});

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { client } from '../../client/index.ts';
import { refusal, type StubAnswer, stubServer } from '../adapters/stub-server.ts';

const environment = {
  AWS_REGION: 'us-east-1',
  MERIDIAN_REGIONS: 'us-east-1,us-east-2,us-west-2',
  MERIDIAN_API_URL: 'https://one.example/',
  API_FUNCTION: 'shop-api',
};

/** The options that are the same in every function. */
const ofAFunction = { retry: { requestMs: 12_000 }, avoided: new Map() };

/** A fresh copy of the module, which caches its lookups. */
async function load() {
  vi.resetModules();
  return import('../../lambdas/index.ts');
}

const found: StubAnswer = { body: JSON.stringify({ FunctionUrl: 'https://other.example/' }) };
const notFound = refusal('ResourceNotFoundException', 'Function not found', 404);

/** Replaces Lambda in the other Regions with a server that gives this response. */
async function aLambda(answer: StubAnswer | (() => StubAnswer)) {
  const { endpoint, requests } = await stubServer(() => (typeof answer === 'function' ? answer() : answer));
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  return requests;
}

describe('the options of a client in a function', () => {
  it('contain the URL of their own Region first, then those of the other Regions, looked up by function name once per process', async () => {
    const requests = await aLambda(found);
    const { clientOptions } = await load();
    const options = await clientOptions(environment);
    expect(options).toEqual({
      ...ofAFunction,
      region: 'us-east-1',
      credentials: expect.any(Function),
      endpoints: {
        'us-east-1': 'https://one.example/',
        'us-east-2': 'https://other.example/',
        'us-west-2': 'https://other.example/',
      },
    });
    expect(Object.keys(options.endpoints)[0]).toBe('us-east-1');
    expect(requests.map(({ path }) => path)).toEqual(Array(2).fill('/2021-10-31/functions/shop-api/url'));
    await clientOptions(environment);
    expect(requests).toHaveLength(2);
  });

  it("make a client sign its requests with the credentials of the function's role", async () => {
    await aLambda(notFound);
    const { clientOptions } = await load();
    const signed: (string | null)[] = [];
    const one = client({
      ...(await clientOptions(environment)),
      fetch: async (_url, init) => {
        signed.push(new Headers(init?.headers).get('authorization'));
        return new Response('{}', { status: 403 });
      },
    });
    await expect(one.health()).rejects.toMatchObject({ code: 'forbidden' });
    expect(signed).toEqual([expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=local\/.*\/us-east-1\/lambda\//)]);
  });

  it.each<[string, StubAnswer]>([
    ['has no such function yet', notFound],
    ['responds without a URL', { body: '{}' }],
    ['does not respond in time', 'silence'],
  ])('leave out a Region that %s, and do not look it up again for half a minute', async (_, first) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    let answer = first;
    const requests = await aLambda(() => answer);
    const { clientOptions } = await load();
    const alone = { 'us-east-1': 'https://one.example/' };
    const atOnce = await Promise.all([clientOptions(environment), clientOptions(environment)]);
    expect(atOnce.map(({ endpoints }) => endpoints)).toEqual([alone, alone]);
    expect(requests).toHaveLength(2);
    answer = found;
    vi.advanceTimersByTime(29_000);
    expect((await clientOptions(environment)).endpoints).toEqual(alone);
    expect(requests).toHaveLength(2);
    vi.advanceTimersByTime(1_000);
    expect(Object.keys((await clientOptions(environment)).endpoints)).toEqual(['us-east-1', 'us-east-2', 'us-west-2']);
    expect(requests).toHaveLength(4);
  });

  it('are refused at each call if a Region refuses the lookup, and the error names the Region and the permission to grant', async () => {
    const requests = await aLambda(refusal('AccessDeniedException', 'not authorized', 403));
    const { clientOptions } = await load();
    for (const calls of [2, 4]) {
      await expect(clientOptions(environment)).rejects.toThrow(
        /shop-api in us-(east|west)-2: AccessDeniedException.*needs lambda:GetFunctionUrlConfig on shop-api in us-(east|west)-2/,
      );
      await vi.waitFor(() => expect(requests).toHaveLength(calls));
    }
  });

  it('let the clients of all calls avoid a Region that did not respond to one of them', async () => {
    const { clientOptions } = await load();
    const endpoints = { 'us-east-1': 'http://one', 'us-east-2': 'http://two' };
    const environment = { AWS_REGION: 'us-east-1', MERIDIAN_ENDPOINTS: JSON.stringify(endpoints) };
    const asked: string[] = [];
    for (let event = 0; event < 3; event++) {
      const one = client({
        ...(await clientOptions(environment)),
        fetch: async (url) => {
          asked.push(new URL(url).hostname);
          if (url.startsWith('http://one')) throw new TypeError('fetch failed', { cause: new Error('reset') });
          return new Response('{"view":"any","region":"us-east-2","key":"a","value":1}');
        },
      });
      await one.view('any').row('a');
    }
    expect(asked).toEqual(['one', 'two', 'two', 'two']);
  });

  it('use MERIDIAN_ENDPOINTS if it is set, and name missing variables', async () => {
    const { clientOptions } = await load();
    const endpoints = { 'us-east-1': 'http://127.0.0.1:4000/us-east-1' };
    expect(await clientOptions({ AWS_REGION: 'us-east-1', MERIDIAN_ENDPOINTS: JSON.stringify(endpoints) })).toEqual({
      ...ofAFunction,
      region: 'us-east-1',
      endpoints,
    });
    await expect(clientOptions({ AWS_REGION: 'us-east-1', MERIDIAN_ENDPOINTS: '{' })).rejects.toThrow(
      'MERIDIAN_ENDPOINTS',
    );
    await expect(clientOptions({ AWS_REGION: 'us-east-1' })).rejects.toThrow(
      /MERIDIAN_REGIONS: is missing; MERIDIAN_API_URL: is missing; API_FUNCTION: is missing/,
    );
  });
});

import { describe, expect, it, vi } from 'vitest';
import { client } from '../../client/index.ts';
import { stubServer } from '../adapters/stub-server.ts';

const environment = {
  AWS_REGION: 'us-east-1',
  MERIDIAN_REGIONS: 'us-east-1,us-east-2,us-west-2',
  MERIDIAN_API_URL: 'https://one.example/',
  API_FUNCTION: 'shop-api',
};

/** A fresh copy of the module, which caches its lookups. */
async function load() {
  vi.resetModules();
  return import('../../lambdas/index.ts');
}

/** Lambda, where other Regions' functions have URLs, or do not. */
async function aLambda(status: number, found: object = { FunctionUrl: 'https://other.example/' }) {
  const { endpoint, requests } = await stubServer(() => ({
    status,
    body: JSON.stringify(status === 200 ? found : { Type: 'User' }),
    headers: status === 404 ? { 'x-amzn-errortype': 'ResourceNotFoundException' } : {},
  }));
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  return requests;
}

describe('the options of a client in a function', () => {
  it("contain the own Region's URL first, then those of the others, looked up once per process by the function's name", async () => {
    const requests = await aLambda(200);
    const { clientOptions } = await load();
    const options = await clientOptions(environment);
    expect(options).toEqual({
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
    await aLambda(404);
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

  it.each([
    ['does not respond', () => aLambda(404)],
    ['responds without a URL', () => aLambda(200, {})],
  ])('leave out a Region that %s, and look it up again at the next call', async (_, answer) => {
    const requests = await answer();
    const { clientOptions } = await load();
    for (const calls of [2, 4]) {
      expect(await clientOptions(environment)).toEqual({
        region: 'us-east-1',
        credentials: expect.any(Function),
        endpoints: { 'us-east-1': 'https://one.example/' },
      });
      expect(requests).toHaveLength(calls);
    }
  });

  it('use MERIDIAN_ENDPOINTS if it is set, and name missing variables', async () => {
    const { clientOptions } = await load();
    const endpoints = { 'us-east-1': 'http://127.0.0.1:4000/us-east-1' };
    expect(await clientOptions({ AWS_REGION: 'us-east-1', MERIDIAN_ENDPOINTS: JSON.stringify(endpoints) })).toEqual({
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

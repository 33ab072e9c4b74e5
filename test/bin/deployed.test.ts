import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesOf } from '../../core/names.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { World } from '../../world/world.ts';
import { domain, jsonLines, meridian, regions } from './run-meridian.ts';

const KEY = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const names = namesOf('trial');

function sha256(value: string) {
  return createHash('sha256').update(value).digest('hex');
}
function hmac(key: string | Buffer, value: string) {
  return createHmac('sha256', key).update(value).digest();
}

/** As in RFC 3986: all except letters, digits and `-._~`. */
function encoded(value: string) {
  return encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * The Region that a request was signed for, as computed from the documentation of AWS Signature Version 4; undefined if the
 * signature does not match the key.
 */
function signedFor({ method = '', url = '', headers }: IncomingMessage, body: string): string | undefined {
  const [, scope = '', signed = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const [date = '', region = '', service = '', end = ''] = scope.split('/');
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    // For every service except S3, the path is encoded a second time.
    path.split('/').map(encoded).join('/'),
    query
      .split('&')
      .map((pair) => pair.split('=').map(decodeURIComponent).map(encoded).join('='))
      .sort()
      .join('&'),
    ...signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [region, service, end].reduce<Buffer>(hmac, hmac(`AWS4${KEY.secret}`, date));
  const mustSign = ['host', 'x-amz-date', ...(body === '' ? [] : ['content-type'])];
  const isWhole = mustSign.every((name) => signed.split(';').includes(name));
  return isWhole && service === 'lambda' && hmac(key, toSign).toString('hex') === signature ? region : undefined;
}

/**
 * A world behind stand-ins for the parts of AWS that the command line calls: Lambda, and a Function URL that requires signatures.
 */
const world = new World({ domain, regions, latency: false });
let endpoint = '';
const asked: string[] = [];
async function answer(request: IncomingMessage): Promise<{ status: number; body: string }> {
  const body = await text(request);
  const region = world.regions.get(signedFor(request, body) ?? '');
  const { method = '', url = '', headers } = request;
  asked.push(`${method} ${url.split('?')[0]}`);
  if (!region) return { status: 403, body: '{"Message":"Forbidden"}' };
  if (url === `/2021-10-31/functions/${names.function('api')}/url`) {
    const FunctionUrl = `http://abc.lambda-url.${region.name}.localhost.emulator:${new URL(endpoint).port}/`;
    return { status: 200, body: JSON.stringify({ FunctionUrl }) };
  }
  if (url === `/2015-03-31/functions/${names.function('operate')}/invocations`)
    return { status: 200, body: JSON.stringify(await region.invokeOperate(JSON.parse(body))) };
  if (headers.host?.startsWith(`abc.lambda-url.${region.name}.`)) {
    const [path = '', query = ''] = url.split('?');
    const event = functionUrlEvent({ method, path, query, ...(body !== '' && { body }) });
    const { statusCode, body: answered } = await region.request(event);
    // A world reports no version. Neither does us-east-2, which an older version of Meridian deployed.
    const isVersioned = path === '/health' && region.name !== 'us-east-2';
    return { status: statusCode, body: isVersioned ? answered.replace('{', '{"version":"1.2.3",') : answered };
  }
  return { status: 404, body: '{"Type":"User","Message":"Function not found"}' };
}
beforeAll(async () => {
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request);
    const error = status === 404 ? { 'x-amzn-errortype': 'ResourceNotFoundException' } : {};
    response.writeHead(status, { 'content-type': 'application/json', ...error }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound && typeof bound === 'object') endpoint = `http://127.0.0.1:${bound.port}`;
  return () => {
    server.closeAllConnections();
    server.close();
  };
});
afterAll(() => world.whenIdle());

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') {
  return meridian(args, {
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: KEY.id,
      AWS_SECRET_ACCESS_KEY: KEY.secret,
      MERIDIAN_NAME: 'trial',
      ...env,
    },
    input,
  });
}
const envelope = { id: 'a', stream: 'note/a', events: [{ type: 'Noted', data: { text: 'blue' } }] };

describe('a deployed Region', () => {
  it('is found by its names, and its Function URL gets signed requests', async () => {
    asked.length = 0;
    const ingested = await run(['ingest', '-', '--region', 'us-east-2'], {}, JSON.stringify(envelope));
    await world.whenIdle();
    expect(ingested).toMatchObject({ code: 0, stderr: '' });
    expect(asked).toEqual(['GET /2021-10-31/functions/trial-api/url', 'POST /events']);

    const row = await run(['view', 'letters', 'b', '--json', '--region', 'us-east-1']);
    expect(jsonLines(row.stdout)).toMatchObject([{ key: 'b', value: { texts: 1 } }]);
  });

  it('receives characters that must be encoded, in the path and in the query', async () => {
    const other = await run(['view', 'letters', 'ä/b +~*', '--region', 'us-east-1']);
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^not-found: .*letters .*ä\/b \+~\*\.$/m),
    });
    const rows = await run(['view', 'letters', '--after', 'ä/b +~*', '--json', '--region', 'us-east-1']);
    expect(rows).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('gives access to the other Regions', async () => {
    const health = await run(['regions', '--json'], { MERIDIAN_REGION: 'us-west-2' });
    expect(jsonLines(health.stdout)).toMatchObject([{ regions: regions.map((region) => ({ region, healthy: true })) }]);
  });

  it('reports the version of Meridian that it runs', async () => {
    const health = () => run(['regions', '--json'], { MERIDIAN_REGION: 'us-west-2' });
    const [human, machine] = await Promise.all([run(['regions', '--region', 'us-west-2']), health()]);
    expect(human.stdout).toMatch(
      /│ Region {4}│ health │ version │.*│ us-east-1 │ ok {5}│ 1\.2\.3 {3}│.*│ us-east-2 │ ok {5}│ – {7}│/s,
    );
    expect(jsonLines(machine.stdout)).toMatchObject([
      { regions: regions.map((region) => ({ region, ...(region !== 'us-east-2' && { version: '1.2.3' }) })) },
    ]);
  });

  it('performs operator actions by an invocation of its operate function', async () => {
    await world.region('us-west-2').quarantine.send(['not JSON']);
    const list = await run(['quarantine', 'list', '--json'], { MERIDIAN_REGION: 'us-west-2' });
    expect(jsonLines(list.stdout)).toMatchObject([{ messages: [{ body: 'not JSON' }] }]);
    const unreadable = await run(['ingest', '-', '--force', '--region', 'us-west-2'], {}, '{');
    expect(unreadable.stdout).toMatch(/0 rejected, 1 quarantined/);
  });

  it('can be reached with only its Function URL, except for operator actions', async () => {
    const url = `http://abc.lambda-url.us-east-1.localhost.emulator:${new URL(endpoint).port}`;
    const other = { id: 'b', stream: 'note/b', events: [{ type: 'Noted', data: { text: 'red' } }] };
    expect(await run(['ingest', '-', '--url', url], {}, JSON.stringify(other))).toMatchObject({ code: 0 });
    const state = await run(['stream', 'note/b', '--json', '--url', url]);
    expect(jsonLines(state.stdout)).toMatchObject([{ region: 'us-east-1', state: [{ text: 'red' }] }]);

    const [quarantine, rebuild, ingest, health] = await Promise.all([
      run(['quarantine', 'list', '--url', url]),
      run(['rebuild', 'letters', '--only', '--url', url]),
      run(['ingest', '-', '--force', '--url', url], {}, '{'),
      run(['regions', '--url', url]),
    ]);
    expect(quarantine).toMatchObject({ code: 1, stderr: expect.stringContaining('give --region (and --name)') });
    expect(rebuild).toMatchObject({ code: 1, stderr: expect.stringContaining('give --region (and --name)') });
    expect(ingest.stderr).toMatch(/^line 1: rejected: This is not JSON.*give --region/);
    expect(health).toMatchObject({ code: 1, stderr: expect.stringContaining('us-west-2') });
    expect(health.stdout).toContain('│ us-east-1 │ ok        │');
  });

  const forged = { AWS_SECRET_ACCESS_KEY: 'another' };
  const keyless = {
    AWS_ACCESS_KEY_ID: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_CONFIG_FILE: '/dev/null',
  };
  const local = 'give --url http://127.0.0.1:4700/regions/us-east-1 instead of --region.\n';
  it.each<[string, (port: string) => readonly string[], Readonly<Record<string, string>>, RegExp]>([
    [
      'the signature is refused',
      (port) => ['--url', `http://abc.lambda-url.us-east-1.localhost.emulator:${port}`],
      forged,
      /lambda:InvokeFunctionUrl/,
    ],
    ['the lookup of the URL is refused', () => ['--region', 'us-east-1'], forged, /look up .*trial-api/],
    [
      'there is no such deployment',
      () => ['--region', 'us-east-1', '--name', 'other'],
      {},
      /^not-found: .*other-api in us-east-1 .*--region, --name/,
    ],
    [
      'there are no credentials',
      () => ['--region', 'us-east-1'],
      keyless,
      /^The address of us-east-1 is not known: .*credentials .*\. To reach us-east-1 of `npm start`, /,
    ],
  ])(
    'is not reached if %s: the command reports the cause and, with --region, how to name a Region of a local world',
    async (_what, where, env, said) => {
      const { code, stderr } = await run(['view', 'letters', ...where(new URL(endpoint).port)], env);
      expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
      expect(stderr.includes(local)).toBe(where('').includes('--region'));
      expect(stderr).not.toMatch(/^ +at /m);
    },
  );

  it('is not reached if its name is misspelt: the command suggests the known one', async () => {
    const { stderr } = await run(['view', 'letters', '--region', 'us-est-1'], keyless);
    expect(stderr).toContain('us-est-1 is not an AWS Region that this version knows; did you mean us-east-1? To reach');
  });
});

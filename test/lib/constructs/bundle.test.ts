import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { toImage } from '../../../adapters/dynamodb/commit-item.ts';
import { type Bundle, bundleFunctions, LIMIT, startOf } from '../../../scripts/bundle-sizes.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { stubServer } from '../../adapters/stub-server.ts';
import { aCommit } from '../../contract/commits.ts';
import { documentedSizes, expectDocumented } from '../../docs/measured-sizes.ts';
import { context, sqsEvent } from '../../lambdas/invocation.ts';

const run = promisify(execFile);

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000 });

let outdir: string;
let bundles: readonly Bundle[];
beforeAll(() => {
  outdir = mkdtempSync(join(tmpdir(), 'meridian-bundle-'));
  bundles = bundleFunctions(outdir);
});
afterAll(() => rmSync(outdir, { recursive: true }));

function eachBundle(check: (bundle: Bundle, code: string) => void) {
  expect(bundles.length).toBeGreaterThan(0);
  for (const bundle of bundles) check(bundle, readFileSync(bundle.path, 'utf8'));
}

describe('the bundle of every function', () => {
  it(`has at most ${LIMIT} bytes`, () => {
    expect(LIMIT).toBeLessThan(1_000_000);
    eachBundle(({ id, bytes }) => expect(bytes, id).toBeLessThanOrEqual(LIMIT));
  });

  it('has the size that the docs state', () => {
    bundles.forEach(expectDocumented);
    expect([...documentedSizes().keys()].sort()).toEqual([...bundles.map(({ id }) => id), 'client'].sort());
  });

  it('is minified', () => {
    // Code that is not minified has about 35 characters per line, minified code has many hundreds.
    eachBundle(({ id }, code) => expect(code.length / code.split('\n').length, id).toBeGreaterThan(200));
  });

  it('has its SDK inside and needs nothing but Node', () => {
    eachBundle(({ id, imports, contents }, code) => {
      expect(
        imports.filter((name) => !isBuiltin(name)),
        id,
      ).toEqual([]);
      expect(
        contents.map(({ name }) => name),
        id,
      ).toContain('@aws-sdk/client-dynamodb');
      // An ES module has no `require`: where a package calls it, esbuild leaves a call that throws.
      expect(code, id).not.toContain('Dynamic require of');
    });
  });

  it('has a map for its stack traces, without the sources', () => {
    eachBundle(({ path }) => {
      const map: unknown = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
      expect(map).toHaveProperty('mappings', expect.stringContaining(';'));
      expect(map).not.toHaveProperty('sourcesContent');
    });
  });
});

const stream = 'note/a';
const events = [{ type: 'Noted', data: { text: 'red' } }];
const append = {
  version: '0',
  id: 'e',
  'detail-type': 'meridian.append',
  source: 'desk',
  detail: { id: 'c', stream, events },
};

const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

describe('a bundle in a separate Node process', () => {
  /** Imports the bundle, with its own environment, and passes it an event; every service responds that it is empty. */
  const invoke = async (id: string, makeEvent: (endpoint: string) => unknown) => {
    const bundle = bundles.find((candidate) => candidate.id === id) ?? expect.fail(`there is no function ${id}`);
    const nothing = { Items: [], Responses: {}, UnprocessedKeys: {}, Entries: [{ EventId: '1' }], FailedEntryCount: 0 };
    const { endpoint, requests } = await stubServer(() => ({ body: JSON.stringify(nothing) }));
    const queues = Object.entries(bundle.environment).filter(([, value]) => value.startsWith('https://'));
    const { getRemainingTimeInMillis: _, done: _d, fail: _f, succeed: _s, ...plain } = context;
    const code = `
      const { handler } = await import(${JSON.stringify(pathToFileURL(bundle.path).href)});
      const context = { ...${JSON.stringify(plain)}, getRemainingTimeInMillis: () => 30_000 };
      await handler(${JSON.stringify(makeEvent(endpoint))}, context);`;
    // Fails when the process does.
    await run(process.execPath, ['--input-type=module', '-e', code], {
      env: {
        ...bundle.environment,
        ...Object.fromEntries(queues.map(([name]) => [name, `${endpoint}/1/queue`])),
        AWS_LAMBDA_FUNCTION_NAME: `meridian-${id}`,
        _X_AMZN_TRACE_ID: TRACE,
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
      },
    });
    return requests;
  };

  const work: readonly (readonly [string, (endpoint: string) => unknown, readonly string[]])[] = [
    ['api', () => functionUrlEvent({ method: 'GET', path: '/health' }), ['Query']],
    [
      'command',
      () => ({ stream, commitId: 'c', operation: { kind: 'events', events }, meta: {} }),
      ['Query', 'PutItem'],
    ],
    ['ingest', () => sqsEvent([JSON.stringify(append)]), ['Query', 'PutItem', 'PutEvents']],
    [
      'relay',
      () => ({
        Records: [{ eventName: 'INSERT', dynamodb: { NewImage: toImage(aCommit({ stream })), SequenceNumber: '1' } }],
      }),
      ['PutEvents', 'SendMessageBatch', 'UpdateItem'],
    ],
    [
      'projection',
      () => sqsEvent([JSON.stringify({ keys: [{ stream, log: 'us-east-1', position: 1 }] })]),
      ['Query', 'BatchGetItem'],
    ],
    ['live', () => functionUrlEvent({ method: 'GET', path: '/health/live' }), ['GetItem']],
    ['stream-lookup', (url) => ({ RequestType: 'Delete', ResponseURL: `${url}/answer` }), ['/answer']],
  ];
  it.each(work)('%s starts and does its work', async (id, event, expected) => {
    const requests = await invoke(id, event);
    const operations = requests.map(({ operation, path }) => operation || path);
    for (const operation of expected) expect(operations).toContain(operation);
    // Requests to services belong to the invocation's trace.
    for (const { operation, headers } of requests) if (operation) expect(headers['x-amzn-trace-id']).toBe(TRACE);
  });

  it('starts for every other function', async () => {
    const tried = new Set(work.map(([id]) => id));
    for (const { id, path, environment } of bundles.filter((bundle) => !tried.has(bundle.id)))
      expect(await startOf(path, environment), id).toBeGreaterThan(0);
  });
});

import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { checks, writing } from '../../bin/smoke/advice.ts';
import { planOf } from '../../bin/smoke/plan.ts';
import { defineDomain } from '../../core/index.ts';
import { account, note, notes, stock, toyDomain } from '../../testing/toy.ts';
import { freePort } from '../free-port.ts';
import { aProject } from './a-project.ts';
import { addressOf, aServedWorld, meridian, regions } from './run-meridian.ts';

/** A project whose domain is in a given file. */
function aProjectOf(domain: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-smoke-')));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const manifest = { name: 'smoked', type: 'module', meridian: { domain: relative(folder, resolve(domain)) } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  return folder;
}

const cwd = aProjectOf('testing/toy-domain.ts');
const { world, address, run } = aServedWorld(toyDomain, { cwd });
afterEach(() => world.healAll());

const checkedSchema = z.object({
  check: z.string(),
  outcome: z.enum(['passed', 'skipped', 'failed']),
  problem: z.object({ code: z.string(), detail: z.string() }).optional(),
  means: z.string().optional(),
  todo: z.string().optional(),
});
const runSchema = z.object({
  ok: z.boolean(),
  write: z.boolean(),
  key: z.string().optional(),
  checks: z.array(checkedSchema),
  lagMs: z.record(z.string(), z.record(z.string(), z.number())).optional(),
});

async function smoke(args: readonly string[] = [], options: Parameters<typeof run>[1] = {}) {
  const { code, stdout } = await run(['smoke', '--json', ...args], options);
  return { code, ...runSchema.parse(JSON.parse(stdout)) };
}
function outcomes(all: readonly z.output<typeof checkedSchema>[]) {
  return Object.fromEntries(all.map(({ check, outcome }) => [check, outcome]));
}
/** The commits of a run that a Region holds. */
async function commitsOf(region: string, key = 'smoke-') {
  return (await world.region(region).commits()).filter(({ stream }) => stream.includes(key));
}
const everyCheck = checks.map((check) => [check, 'passed']);

interface Asked {
  readonly path: string;
  readonly body: string;
}
type Answer = { readonly status: number; readonly body: string };

/** A server with its own responses to some requests, which passes all others on to the world. */
async function between(
  answer: (asked: Asked) => Answer | undefined | Promise<undefined>,
  rewrite: (asked: Asked) => string = ({ body }) => body,
) {
  const server = createServer(async (request, response) => {
    const asked = { path: request.url ?? '', body: await text(request) };
    const own = await answer(asked);
    if (own) return void response.writeHead(own.status).end(own.body);
    const { method = 'GET' } = request;
    const passedOn = await fetch(`${address()}${asked.path}`, {
      method,
      ...(method === 'POST' && { body: rewrite(asked) }),
    });
    response.writeHead(passedOn.status).end(await passedOn.text());
  });
  const url = await addressOf(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return url;
}
/** A run through such a server. */
async function smokeBetween(args: readonly string[], ...how: Parameters<typeof between>) {
  return smoke([...args, '--url', `${await between(...how)}/regions/us-east-1`]);
}
function problem(status: number, code: string, detail: string): string {
  return JSON.stringify({ type: 'urn:x', title: code, status, detail, code, retryable: false });
}

describe('meridian smoke', () => {
  it('only reads without --write, and lists the omitted checks', async () => {
    const { code, ok, checks: done } = await smoke();
    expect([code, ok]).toEqual([0, true]);
    expect(outcomes(done)).toEqual(
      Object.fromEntries(checks.map((check) => [check, writing.includes(check) ? 'skipped' : 'passed'])),
    );
    expect(await commitsOf('us-east-1')).toEqual([]);
  });

  it('writes in every Region, once, and measures when the others see the events', async () => {
    const { code, checks: done, key = '', lagMs } = await smoke(['--write']);
    expect(done.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect([code, Object.entries(outcomes(done))]).toEqual([0, everyCheck]);
    for (const from of regions)
      expect(Object.keys(lagMs?.[from] ?? {}).sort()).toEqual(regions.filter((region) => region !== from));
    await world.whenIdle();
    for (const region of regions) {
      const commits = await commitsOf(region, key);
      // A Region may have kept a copy of an append that was sent again.
      const streams = [...new Set(commits.map(({ stream, region: from }) => `${stream} from ${from}`))].sort();
      expect(streams).toEqual(
        [
          ...regions.flatMap((from) => [`note/${key} from ${from}`, `account/${from}.${key} from ${from}`]),
          ...regions.slice(0, 2).map((from) => `account/${from}.${key}-tx from ${from}`),
        ].sort(),
      );
    }
  });

  it('finds the same Regions in the same order, whichever of them responds last', async () => {
    for (const last of regions) {
      const { code, checks: done } = await smokeBetween([], async ({ path }) => {
        if (path === `/regions/${last}/health`) await sleep(100);
        return undefined;
      });
      expect([code, outcomes(done).configuration]).toEqual([0, 'passed']);
    }
  });

  it('prints each check for people, with its time', async () => {
    const { code, stdout, stderr } = await run(['smoke']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines.slice(0, checks.length).map((line) => line.split(/ +/)[1])).toEqual(checks);
    expect(lines[1]).toMatch(/^✓ reachable +\d+\.\d s {2}us-east-1, us-east-2, us-west-2$/);
    expect(stdout).toContain('Nothing was written');
    expect(stdout).toContain('Not checked: dead letters');
  });

  it('reports that replication is behind, and between which Regions', async () => {
    world.cut('us-east-1', 'us-west-2', ['replication']);
    const { code, stdout, stderr } = await run(['smoke', '--write', '--within', '1']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/✓ append .*\n$/);
    expect(stderr).toMatch(/^✗ replicated .*\n.*After 1 s us-west-2 has not seen what was written in us-east-1[.;]/);
    expect(stderr).toMatch(/\n {2}It means: Replication is behind.*\n {2}Do: .*meridian-events.*replication\.md/);
  });

  it('names the missing Region, and then ends', async () => {
    const { code, checks: done } = await smokeBetween([], ({ path }) =>
      path.startsWith('/regions/us-west-2/') ? { status: 404, body: 'None.' } : undefined,
    );
    expect([code, outcomes(done)]).toEqual([1, { credentials: 'passed', reachable: 'failed' }]);
    expect(done.at(-1)).toMatchObject({
      problem: { code: 'unexpected-answer', detail: expect.stringMatching(/^us-west-2: /) },
    });
  });

  it('reports that Regions were deployed with different lists', async () => {
    const body = JSON.stringify({ region: 'us-west-2', seen: { 'us-west-2': null, 'us-east-1': null } });
    const { code, checks: done } = await smokeBetween([], ({ path }) =>
      path === '/regions/us-west-2/health' ? { status: 200, body } : undefined,
    );
    expect([code, done.at(-1)]).toMatchObject([1, { check: 'configuration', problem: { code: 'regions-differ' } }]);
  });

  it("reports that the deployed domain is not the project's", async () => {
    const { code, checks: done } = await smoke([], { cwd: aProject() });
    expect([code, done.at(-1)]).toMatchObject([1, { check: 'domain', problem: { code: 'unknown-stream-type' } }]);
    expect(done.at(-1)?.means).toContain('a domain that differs');
  });

  it('detects a retry that is written twice', async () => {
    const seen = new Set<string>();
    const { code, checks: done } = await smokeBetween(
      ['--write'],
      () => undefined,
      ({ path, body }) => {
        const isAgain = path.endsWith('/events') && seen.has(body);
        seen.add(body);
        return isAgain ? body.replace('{"id":"', '{"id":"again-') : body;
      },
    );
    expect([code, done.at(-1)]).toMatchObject([1, { check: 'once', problem: { code: 'written-twice' } }]);
  });

  it('says why a transaction was aborted', async () => {
    const reason: unknown = JSON.parse(problem(503, 'region-unreachable', 'us-east-2 cannot be reached.'));
    const { code, checks: done } = await smokeBetween(['--write'], ({ path, body }) =>
      path.endsWith('/transactions')
        ? { status: 200, body: JSON.stringify({ id: JSON.parse(body).id, state: 'aborted', reason }) }
        : undefined,
    );
    expect([code, done.at(-1)]).toMatchObject([
      1,
      {
        check: 'transaction',
        problem: { code: 'aborted', detail: expect.stringContaining('us-east-2 cannot be reached.') },
      },
    ]);
  });

  it('reports a row that does not appear, and in which Region', async () => {
    const { code, checks: done } = await smokeBetween(['--write', '--within', '1'], ({ path }) =>
      path.startsWith('/regions/us-east-2/views/notes/')
        ? { status: 404, body: problem(404, 'not-found', 'There is no row.') }
        : undefined,
    );
    expect([code, done.at(-1)]).toMatchObject([
      1,
      {
        check: 'views',
        problem: { code: 'no-row', detail: expect.stringMatching(/no row smoke-\w+ of notes in us-east-2\.$/) },
      },
    ]);
  });

  it('reports that nothing listens at the address', async () => {
    const { code, checks: done } = await smoke(['--url', `http://127.0.0.1:${await freePort()}/regions/us-east-1`]);
    expect([code, done.at(-1)]).toMatchObject([1, { check: 'reachable', problem: { code: 'unreachable' } }]);
  });

  it('says once that nothing listens, then what that means and what to do', async () => {
    const { code, stderr } = await run(['smoke'], { env: { MERIDIAN_URL: `http://127.0.0.1:${await freePort()}` } });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^✗ reachable .*\n {4}Nothing listens at http:\S+ \(ECONNREFUSED\)\.\n {2}It means: The address is wrong, .*\n {2}Do: /,
    );
    expect(stderr.split('othing listens')).toHaveLength(2);
  });

  it('says how to create a project when run outside of one, and exits with 2 on an invalid deadline', async () => {
    const [outside, usage] = await Promise.all([meridian(['smoke']), meridian(['smoke', '--within', '0'])]);
    expect([outside.code, outside.stderr]).toEqual([2, expect.stringContaining('meridian init')]);
    expect([usage.code, usage.stderr]).toEqual([2, expect.stringContaining('1 to 3600')]);
  });
});

describe('meridian smoke on AWS', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
  const nowhere = join(tmpdir(), 'no-such-file');

  it('sends nothing without credentials', async () => {
    const { code, checks: done } = await smoke(['--region', 'us-east-1'], {
      env: { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: nowhere, AWS_SHARED_CREDENTIALS_FILE: nowhere },
    });
    expect([code, done]).toMatchObject([1, [{ check: 'credentials', problem: { code: 'no-credentials' } }]]);
    expect(done[0]?.problem?.detail).toContain(
      '. To reach us-east-1 of `npm start`, give --url http://127.0.0.1:4700/regions/us-east-1 instead of --region.',
    );
  });

  it('reports that there is no deployment of that name', async () => {
    const server = createServer((_request, response) =>
      response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' }).end('{"Type":"User"}'),
    );
    const AWS_ENDPOINT_URL = await addressOf(server);
    const { code, checks: done } = await smoke(['--region', 'us-east-1', '--name', 'tyr'], {
      env: { ...keys, AWS_ENDPOINT_URL },
    });
    server.close();
    expect([code, done.at(-1)]).toMatchObject([1, { check: 'reachable', problem: { code: 'not-found' } }]);
    expect(done.at(-1)?.means).toContain('There is no function tyr-api');
  });

  it('names the permissions that a refused signature lacks', async () => {
    let port = '';
    const server = createServer((request, response) => {
      const FunctionUrl = `http://abc.lambda-url.us-east-1.localhost.emulator:${port}/`;
      if (request.url?.endsWith('/url')) response.end(JSON.stringify({ FunctionUrl }));
      else response.writeHead(403).end('{"Message":"Forbidden"}');
    });
    const AWS_ENDPOINT_URL = await addressOf(server);
    ({ port } = new URL(AWS_ENDPOINT_URL));
    const { code, checks: done } = await smoke(['--region', 'us-east-1'], { env: { ...keys, AWS_ENDPOINT_URL } });
    server.close();
    expect([code, done.at(-1)]).toMatchObject([1, { check: 'reachable', problem: { code: 'forbidden' } }]);
    expect(done.at(-1)?.todo).toContain('lambda:InvokeFunctionUrl');
  });
});

describe('the plan for a domain', () => {
  it('has the appends that samples and ids allow, and lists what is missing', () => {
    const onlyStock = planOf(defineDomain({ streams: [stock], views: [] }), regions, 'smoke-1');
    expect(onlyStock).toMatchObject({ appends: [], transaction: undefined, rows: [] });
    expect(onlyStock.missing).toEqual([
      expect.stringMatching(/^no merge type/),
      expect.stringMatching(/^no home type/),
    ]);
  });

  it('has a transaction only if two Regions can be homes', () => {
    const oneRegion = planOf(defineDomain({ streams: [note, account], views: [notes] }), ['us-east-1'], 'smoke-1');
    expect(oneRegion.missing).toEqual([expect.stringContaining('account')]);
    expect(oneRegion.rows).toEqual([{ view: 'notes', key: 'smoke-1' }]);
  });
});

it('the page about `meridian smoke` has every check, in the order of the command', () => {
  const page = readFileSync(resolve('docs/operations/smoke.md'), 'utf8');
  expect([...page.matchAll(/^\| `([a-z]+)`/gm)].map(([, check]) => check)).toEqual(checks);
});

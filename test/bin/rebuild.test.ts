import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import { Region } from '../../bin/client/region.ts';
import { addRebuild } from '../../bin/commands/rebuild.ts';
import { addressOf, aServedWorld, jsonLines, meridian, meridianHere, regions } from './run-meridian.ts';

const { world, address, put, run } = aServedWorld();

function noted(id: string) {
  return { id, stream: `note/${id}`, events: [{ type: 'Noted', data: { text: 'blue' } }] };
}

describe('meridian rebuild', () => {
  const building = {
    view: 'letters',
    codeVersion: 1,
    build: 2,
    segments: [0, 1].map((segment) => ({ segment, streams: 0, done: false })),
    streams: 0,
    done: false,
    active: { codeVersion: 1, build: 1, shards: 1, behind: false },
    retired: [],
  };

  beforeAll(() => put(noted('b1')));
  const west = () => `${address()}/regions/us-west-2`;
  const built = z.object({
    regions: z.array(z.object({ region: z.string(), active: z.object({ build: z.number() }) })),
  });

  it('rebuilds a view in every Region', async () => {
    const all = await run(['rebuild', 'letters']);
    expect([all.code, all.stderr]).toEqual([0, '']);
    for (const region of regions) expect(all.stdout).toMatch(new RegExp(`^${region}: letters .*build \\d+\\.$`, 'm'));
  });

  it('rebuilds a view in the named Region only', async () => {
    const only = await run(['rebuild', 'letters', '--only', '--segments', '2', '--json', '--url', west()]);
    const [answer] = z.tuple([built]).parse(jsonLines(only.stdout));
    expect(answer.regions.map(({ region }) => region)).toEqual(['us-west-2']);
    for (const { active } of answer.regions) expect(active.build).toBeGreaterThan(1);
    const view = await run(['view', 'letters', '--json', '--url', west()]);
    expect(jsonLines(view.stdout)).toMatchObject([{ key: 'b' }]);
  });

  it('says when earlier builds can be deleted', async () => {
    await run(['rebuild', 'letters', '--only']);
    const clean = await run(['rebuild', 'letters', '--clean', '--only']);
    expect(clean.stdout).toMatch(/^us-east-1: [1-9]\d* earlier builds? of letters .* from /);
  });

  it('stops the other segments too when one cannot be built', async () => {
    const steps: number[] = [];
    const problem = {
      type: 'urn:x',
      title: 'x',
      status: 500,
      detail: 'It cannot be built.',
      code: 'internal',
      retryable: false,
    };
    const told = Promise.withResolvers<void>();
    const { operate } = Region.prototype;
    const asked = vi.spyOn(Region.prototype, 'operate').mockImplementation(async function (this: Region, ...request) {
      try {
        return await operate.apply(this, request);
      } catch (error) {
        // The other segments continue only after the command has received the error.
        setImmediate(told.resolve);
        throw error;
      }
    });
    onTestFinished(() => asked.mockRestore());
    const server = createServer(async (request, response) => {
      const { action, segment } = z
        .looseObject({ action: z.string(), segment: z.number().optional() })
        .parse(JSON.parse(await text(request)));
      if (action === 'rebuild-step') steps.push(segment ?? -1);
      if (segment === 1) await told.promise;
      response.end(JSON.stringify(action === 'rebuild-step' && segment === 0 ? { problem } : { result: building }));
    });
    const url = await addressOf(server);
    const args = ['rebuild', 'letters', '--only', '--url', `${url}/regions/a`];
    const { code, stderr } = await meridianHere(addRebuild, args);
    server.close();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^a: internal: .*\n$/)]);
    expect(steps.toSorted()).toEqual([0, 1]);
  });

  it('waits for a Region whose clock is behind, with pauses between its requests', async () => {
    const gone = { ...building, segments: [], done: true };
    const retired = [{ codeVersion: 1, build: 1, removableAt: new Date(Date.now() - 1000).toISOString() }];
    let asked = 0;
    let begun = 0;
    const server = createServer((_request, response) => {
      begun ||= performance.now();
      asked++;
      const result = performance.now() - begun > 1500 ? gone : { ...gone, retired };
      response.end(JSON.stringify({ result }));
    });
    const url = await addressOf(server);
    const { code, stdout } = await meridian(['rebuild', 'boats', '--clean', '--only', '--url', `${url}/regions/a`]);
    server.close();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^a: all earlier builds of boats are deleted/)]);
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('exits with 2 on too many segments', async () => {
    const { code, stderr } = await meridian(['rebuild', 'letters', '--segments', '33']);
    expect(code).toBe(2);
    expect(stderr).toContain('1 to 32');
  });

  it('reports an error once if it is the same in every Region', async () => {
    const [human, machine] = await Promise.all([run(['rebuild', 'boats']), run(['rebuild', 'boats', '--json'])]);
    expect(human).toMatchObject({ code: 1, stdout: '' });
    // One line for all Regions, not one for each.
    expect(human.stderr).toMatch(/^In every Region: unknown-view: .*\n.*: letters\.\n$/);
    expect(machine.code).toBe(1);
    expect(jsonLines(machine.stdout)).toMatchObject([
      { regions: regions.map((region) => ({ region, problem: { code: 'unknown-view' } })) },
    ]);
  });
});

describe('meridian republish', () => {
  const heard: unknown[] = [];
  beforeAll(async () => {
    await put(noted('p1'));
    world
      .region('us-east-1')
      .bus.addRule({ source: ['meridian.note'] }, { kind: 'listener', listen: (e) => heard.push(e) });
  });
  beforeEach(() => void heard.splice(0));

  it('counts the events that were written since a time in a dry run', async () => {
    const trial = await run(['republish', '--since', '1h', '--dry-run', '--only']);
    expect(trial.stdout).toMatch(
      /^us-east-1: [1-9]\d* events? would be published again, of [1-9]\d* commits? read; 0 checks of transactions would be scheduled\.\n$/,
    );
    expect(trial.stderr).toMatch(/^Since [\d-]+T[\d:.]+Z, in local time [\d-]+ [\d:]+ [+-]\d\d:\d\d:\n/);
    expect(heard).toEqual([]);
  });

  it('republishes the events that were written since a time', async () => {
    const real = await run(['republish', '--since', '1h', '--json']);
    await world.whenIdle();
    const shape = z.object({ regions: z.array(z.object({ region: z.string(), published: z.number() })) });
    const counted = shape.parse(JSON.parse(real.stdout)).regions;
    expect(counted.map(({ region }) => region)).toEqual(regions);
    expect(counted[0]?.published).toBeGreaterThan(0);
    expect(heard.length).toBeGreaterThan(0);
  });

  it('counts the transactions that are to be finished', async () => {
    const { machine } = world.region('us-east-1');
    machine.beforeStep = ({ kill }) => kill();
    onTestFinished(() => {
      machine.beforeStep = () => undefined;
    });
    const participants = ['us-east-1.ada', 'us-west-2.bob'].map((name) => ({
      ...{ stream: `account/${name}`, command: 'deposit', input: { amount: 1 } },
    }));
    const body = JSON.stringify({ id: 'us-east-1:lost', participants, timeoutSeconds: 240 });
    const { status } = await fetch(`${address()}/regions/us-east-1/transactions`, {
      ...{ method: 'POST', headers: { prefer: 'wait=0' }, body },
    });
    expect(status).toBe(202);
    const trial = await run(['republish', '--since', '1h', '--json']);
    const shape = z.object({ regions: z.array(z.object({ region: z.string(), scheduled: z.number() })) });
    expect(shape.parse(JSON.parse(trial.stdout)).regions).toEqual(
      regions.map((region) => ({ region, scheduled: region === 'us-east-1' ? 1 : 0 })),
    );
  });

  it('publishes nothing that was written before', async () => {
    const since = new Date(Date.now() - 1).toISOString();
    const none = await run(['republish', '--since', since, '--json', '--only']);
    expect(jsonLines(none.stdout)).toMatchObject([{ regions: [{ published: 0, scheduled: 1 }] }]);
  });

  it.each([
    [[]],
    [['--since', 'yesterday']],
    [['--since', '2100-01-01']],
    [['--since', '0h']],
    [['--since', '5 minutes']],
    [['--since', '2026-13-01']],
    [['--since', '2026-02-30']],
    [['--since', '999999999999d']],
  ])('exits with 2 on %j', async (args) => {
    const { code, stderr } = await meridian(['republish', ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/\nSee: meridian republish --help\n$/);
  });
});

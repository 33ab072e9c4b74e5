import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { operatorActions } from '../../core/index.ts';
import { toyDomain } from '../../testing/toy.ts';
import { serveWorld } from '../../world/network/server.ts';
import { World } from '../../world/world.ts';
import { aWorld } from './a-world.ts';

const DAY = 86_400_000;

describe('operate in a world', () => {
  it('republishes the events that a Region has written since a time', async () => {
    const { world, scheduler, write, settle, heard } = aWorld();
    await write('us-east-1', '1', 'note/old', 'a');
    await settle();
    await scheduler.run(DAY);
    const since = new Date(scheduler.now()).toISOString();
    await write('us-east-1', '2', 'note/new', 'a', 'b');
    await write('us-west-2', '3', 'note/there', 'a');
    await settle();
    const answer = await scheduler.resolve(
      world.region('us-east-1').operate('republish-step', { since, segment: 0, segments: 1 }),
    );
    await settle();
    expect(answer).toMatchObject({ result: { scanned: 3, published: 2, failed: 0 } });
    for (const region of ['us-east-1', 'us-west-2'])
      expect(Object.fromEntries(heard(region))).toEqual({
        'note/old@us-east-1.1.0': 1,
        'note/new@us-east-1.1.0': 2,
        'note/new@us-east-1.1.1': 2,
        'note/there@us-west-2.1.0': 1,
      });
  });

  it('publishes events that a bus has lost, and reports events that it still refuses', async () => {
    let isBroken = true;
    const { world, scheduler, write, settle, heard } = aWorld({
      functions: { relay: { stream: { retries: 9 } } },
      withFaults: (region, ports) => ({
        ...ports,
        bus: {
          put: async (entries) =>
            isBroken && region === 'us-east-1' ? entries.map(() => 'InternalException') : ports.bus.put(entries),
        },
      }),
    });
    await write('us-east-1', '1', 'note/1', 'a');
    await settle();
    expect(world.region('us-east-1').tableStream.failures).toHaveLength(1);
    const step = async (cursor?: string) => {
      const from = { since: '2025-01-01T00:00:00Z', segment: 0, segments: 1 };
      const answer = await scheduler.resolve(
        world.region('us-east-1').operate('republish-step', { ...from, ...(cursor !== undefined && { cursor }) }),
      );
      if ('problem' in answer) throw new Error(answer.problem.detail);
      return operatorActions['republish-step'].result.parse(answer.result);
    };
    const first = await step();
    expect(first).toMatchObject({ published: 0, failed: 1, cursor: expect.any(String) });
    isBroken = false;
    expect(await step(first.cursor)).toMatchObject({ scanned: 1, published: 1, failed: 0 });
    await settle();
    expect(heard('us-west-2').get('note/1@us-east-1.1.0')).toBe(1);
  });

  it('is served next to the API, with the response of an Invoke', async () => {
    const world = new World({ domain: toyDomain, regions: ['us-east-1', 'us-west-2'], latency: false });
    const server = await serveWorld(world, 0);
    const address = server.address();
    const port = address && typeof address === 'object' ? address.port : 0;
    const post = async (body: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/regions/us-west-2/operate`, { method: 'POST', body });
      const answer: unknown = await response.json();
      return { status: response.status, answer };
    };
    try {
      const { status, answer } = await post(JSON.stringify({ action: 'rebuild-begin', view: 'notes' }));
      expect([status, answer]).toMatchObject([200, { result: { view: 'notes', build: 2 } }]);
      for (let segment = 0; segment < 4; segment++)
        await post(JSON.stringify({ action: 'rebuild-step', view: 'notes', build: 2, segment }));
      const done = await post(JSON.stringify({ action: 'rebuild-status', view: 'notes' }));
      expect(done.answer).toMatchObject({ result: { done: true, active: { build: 2 } } });
      expect(operatorActions['rebuild-status'].result.safeParse(Object(done.answer).result).success).toBe(true);
      expect(await post(JSON.stringify({ action: 'nothing' }))).toMatchObject({
        status: 200,
        answer: { problem: { code: 'not-found' } },
      });
      expect(await post('not JSON')).toMatchObject({ status: 400, answer: { code: 'validation' } });
    } finally {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });
});

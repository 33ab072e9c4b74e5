import { functionUrlEvent, VirtualScheduler, World } from '@meridian-es/meridian/world';
import { expect, test } from 'vitest';
import { domain } from '../streams/index.ts';
import { transfer } from '../streams/transfer.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

/** Three Regions in this process, on virtual time. */
function aWorld() {
  const scheduler = new VirtualScheduler();
  const world = new World({ domain, regions, scheduler });
  return {
    ask: async (region: string, method: string, path: string, body?: object) => {
      const event = functionUrlEvent({ method, path, body: body && JSON.stringify(body) });
      const answer = await scheduler.resolve(world.region(region).request(event));
      return JSON.parse(answer.body);
    },
    settle: () => scheduler.runUntil(() => world.idle),
  };
}

test('a transfer moves pieces between warehouses in two Regions, and every Region sees both', async () => {
  const { ask, settle } = aWorld();
  await ask('us-west-2', 'POST', '/streams/stock/us-east-1.lamp/commands/receive', { count: 5 });
  const participants = transfer({ article: 'lamp', from: 'us-east-1', to: 'us-east-2', count: 2 });
  expect(await ask('us-west-2', 'POST', '/transactions', { participants })).toMatchObject({ state: 'committed' });
  await settle();
  for (const region of regions) {
    expect(await ask(region, 'GET', '/streams/stock/us-east-1.lamp')).toMatchObject({ state: 3 });
    expect(await ask(region, 'GET', '/streams/stock/us-east-2.lamp')).toMatchObject({ state: 2 });
    expect(await ask(region, 'GET', '/views/in-stock/lamp')).toMatchObject({ value: { left: 5 } });
  }
});

test('a transfer of more than there is changes neither warehouse', async () => {
  const { ask } = aWorld();
  const participants = transfer({ article: 'lamp', from: 'us-east-1', to: 'us-east-2', count: 1 });
  expect(await ask('us-east-1', 'POST', '/transactions', { participants })).toMatchObject({
    code: 'aborted',
    reason: { code: 'rejected' },
  });
  expect(await ask('us-east-2', 'GET', '/streams/stock/us-east-2.lamp')).toMatchObject({ state: 0 });
});

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { given, rejected } from '@meridian-es/meridian/testing';
import { functionUrlEvent, VirtualScheduler, World } from '@meridian-es/meridian/world';
import { domain } from '../streams/index.ts';
import { stock } from '../streams/stock.ts';

test('no more is taken than there is', () => {
  given(stock, { type: 'Received', data: { count: 2 } })
    .when('take', { count: 3 })
    .then(rejected('Not enough', { left: 2 }));
});

test('three Regions agree on what is left', async () => {
  const scheduler = new VirtualScheduler();
  const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
  const world = new World({ domain, regions, scheduler });
  const ask = async (region: string, method: string, path: string, body?: object) => {
    const event = functionUrlEvent({ method, path, ...(body && { body: JSON.stringify(body) }) });
    const answer = await scheduler.resolve(world.region(region).request(event));
    return JSON.parse(answer.body);
  };
  await ask('us-west-2', 'POST', '/streams/stock/us-east-2.lamp/commands/receive', { count: 5 });
  await scheduler.runUntil(() => world.idle);
  const states = await Promise.all(regions.map((region) => ask(region, 'GET', '/streams/stock/us-east-2.lamp')));
  assert.deepEqual(
    states.map(({ state }) => state),
    [5, 5, 5],
  );
  // One engine: what the entry point for authors throws is what handlers know.
  const refused = await ask('us-east-2', 'POST', '/streams/stock/us-east-2.lamp/commands/take', { count: 9 });
  assert.equal(refused.code, 'rejected');
});

import { functionUrlEvent, VirtualScheduler, World } from '@meridian-es/meridian/world';
import { expect, onTestFinished, test, vi } from 'vitest';
import { domain } from '../streams/index.ts';
import { subscribers } from '../subscribers/index.ts';

/** A stand-in for the warehouse's server behind `fetch`: it keeps each order once, by its key. */
function aWarehouse(): ReadonlyMap<string, unknown> {
  const orders = new Map<string, unknown>();
  vi.stubGlobal('fetch', async (_url: string, { headers, body }: RequestInit) => {
    orders.set(new Headers(headers).get('idempotency-key') ?? '', JSON.parse(String(body)));
    return new Response();
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return orders;
}

test('a warehouse gets one order for what is taken from it, however often events are delivered', async () => {
  const orders = aWarehouse();
  const scheduler = new VirtualScheduler();
  const picker = { ...subscribers.picker, environment: { PICKING_URL: 'https://warehouse.example/orders' } };
  const regions = ['us-east-1', 'us-east-2'];
  const world = new World({ domain, regions, scheduler, subscribers: { picker }, duplicates: 1 });
  const command = (name: string, count: number) => {
    const path = `/streams/stock/us-east-2.lamp/commands/${name}`;
    const event = functionUrlEvent({ method: 'POST', path, body: JSON.stringify({ count }) });
    return scheduler.resolve(world.region('us-east-1').request(event));
  };
  await command('receive', 3);
  await command('take', 2);
  await scheduler.runUntil(() => world.idle);
  expect([...orders.values()]).toEqual([
    expect.objectContaining({ warehouse: 'us-east-2', stream: 'stock/us-east-2.lamp', count: 2 }),
  ]);
});

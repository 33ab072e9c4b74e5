import { describe, expect, it } from 'vitest';
import { Link, type LinkOptions } from '../../../world/network/link.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';

function aLink(options: Partial<LinkOptions> = {}) {
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  const link = new Link(scheduler, seeded(7), activity, { latency: [100, 300], duplicates: 0, ...options });
  const arrived: { what: number; at: number }[] = [];
  const send = (what: number) => link.send(() => arrived.push({ what, at: scheduler.now() }));
  const settle = () => scheduler.runUntil(() => activity.idle);
  return { scheduler, activity, link, arrived, send, settle };
}

describe('Link', () => {
  it('delivers every message once, within its latency, and later ones may overtake earlier ones', async () => {
    const { arrived, send, settle } = aLink();
    for (let i = 0; i < 50; i++) send(i);

    await settle();

    expect(arrived.map(({ what }) => what).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(arrived.map(({ what }) => what)).not.toEqual(Array.from({ length: 50 }, (_, i) => i));
    for (const { at } of arrived) expect(at >= 100 && at < 300).toBe(true);
  });

  it('holds messages back while it is cut, and the world is idle meanwhile', async () => {
    const { link, activity, arrived, send, settle, scheduler } = aLink();
    send(1);
    link.cut();
    send(2);

    await settle();
    expect(arrived).toEqual([]);
    expect(activity.idle).toBe(true);

    await scheduler.run(60_000);
    link.heal();
    expect(activity.idle).toBe(false);
    await settle();
    expect(arrived.map(({ what }) => what).sort()).toEqual([1, 2]);
    for (const { at } of arrived) expect(at).toBeGreaterThanOrEqual(60_100);
  });

  it('holds a message back again if a second cut finds it in flight', async () => {
    const { link, arrived, send, settle } = aLink();
    link.cut();
    send(1);
    await settle();
    link.heal();
    link.cut();
    await settle();
    expect(arrived).toEqual([]);
    link.heal();
    link.heal();
    await settle();
    expect(arrived).toHaveLength(1);
  });

  it('can deliver what it held back one by one, at a rate, and holds it back again if it is cut meanwhile', async () => {
    const { link, activity, arrived, send, settle, scheduler } = aLink({ latency: [10, 10] });
    link.cut();
    for (let i = 0; i < 5; i++) send(i);
    await settle();
    const begin = scheduler.now();

    link.heal(1000);
    expect(activity.idle).toBe(false);
    await scheduler.run(2500);
    expect(arrived.map(({ what, at }) => [what, at - begin])).toEqual([
      [0, 10],
      [1, 1010],
      [2, 2010],
    ]);
    link.cut();
    await settle();
    expect(arrived).toHaveLength(3);
    link.heal();
    await settle();
    expect(arrived.map(({ what }) => what)).toEqual([0, 1, 2, 3, 4]);
  });

  it('delivers the configured fraction of messages twice', async () => {
    const { arrived, send, settle } = aLink({ duplicates: 0.5 });
    for (let i = 0; i < 200; i++) send(i);

    await settle();

    expect(new Set(arrived.map(({ what }) => what)).size).toBe(200);
    expect(arrived.length).toBeGreaterThan(270);
    expect(arrived.length).toBeLessThan(330);
  });

  it('passes a call on after its latency, and loses the call if the link is cut', async () => {
    const { link, scheduler } = aLink();

    await scheduler.resolve(link.pass());
    expect(scheduler.now()).toBeGreaterThanOrEqual(100);
    const lost = link.pass();
    link.cut();
    await expect(scheduler.resolve(lost)).rejects.toThrow('cut');
    link.heal();
    await scheduler.resolve(link.pass());
  });
});

import { describe, expect, it } from 'vitest';
import { WorldClock } from '../../../world/time/clock.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';

describe('WorldClock', () => {
  it('is as far ahead of the world’s time as it was set', async () => {
    const scheduler = new VirtualScheduler(1000);
    expect(new WorldClock(scheduler).now()).toBe(1000);
    const behind = new WorldClock(scheduler, -300);
    await scheduler.run(50);
    expect([behind.now(), behind.ahead]).toEqual([750, -300]);
  });

  it('jumps, forward and back', () => {
    const clock = new WorldClock(new VirtualScheduler(1000), 10);
    clock.jump(500);
    expect([clock.now(), clock.ahead]).toEqual([1510, 510]);
    clock.jump(-900);
    expect([clock.now(), clock.ahead]).toEqual([610, -390]);
  });

  it('drifts from the moment on at which its rate is set, and keeps what it has drifted', async () => {
    const scheduler = new VirtualScheduler(0);
    const clock = new WorldClock(scheduler);
    await scheduler.run(10_000);
    clock.drift(500);
    await scheduler.run(20_000);
    expect(clock.ahead).toBeCloseTo(10);
    clock.drift(-1000);
    await scheduler.run(5_000);
    expect(clock.ahead).toBeCloseTo(5);
    clock.drift(0);
    await scheduler.run(5_000);
    expect(clock.now()).toBeCloseTo(scheduler.now() + 5);
  });
});

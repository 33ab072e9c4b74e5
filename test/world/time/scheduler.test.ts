import { describe, expect, it } from 'vitest';
import { realScheduler, sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';

const start = Date.UTC(2026, 0, 1);

describe('VirtualScheduler', () => {
  it('runs timers in order of time, and timers of the same time in the order in which they were set', async () => {
    const scheduler = new VirtualScheduler(start);
    const ran: [number, number][] = [];
    const delays = [30, 10, 20, 10, 0, 50, 20, 40, 0, -5];
    for (const [i, delay] of delays.entries()) scheduler.after(delay, () => ran.push([i, scheduler.now() - start]));

    await scheduler.runUntil(() => false);

    expect(ran).toEqual([
      [4, 0],
      [8, 0],
      [9, 0],
      [1, 10],
      [3, 10],
      [2, 20],
      [6, 20],
      [0, 30],
      [7, 40],
      [5, 50],
    ]);
  });

  it('keeps its order with many timers, set while others run and cancelled in between', async () => {
    const scheduler = new VirtualScheduler(0);
    const ran: number[] = [];
    for (let i = 0; i < 500; i++) {
      const callOff = scheduler.after((i * 7919) % 1000, () => {
        ran.push(scheduler.now());
        if (i % 3 === 0) scheduler.after(i % 7, () => ran.push(scheduler.now()));
      });
      if (i % 5 === 0) callOff();
    }

    await scheduler.runUntil(() => false);

    expect(ran).toHaveLength(400 + 133);
    expect(ran).toEqual([...ran].sort((a, b) => a - b));
  });

  it('does not run a cancelled timer, before or after its time', async () => {
    const scheduler = new VirtualScheduler();
    const ran: string[] = [];
    scheduler.after(10, () => ran.push('off'))();
    const late = scheduler.after(5, () => ran.push('on'));

    await scheduler.runUntil(() => false);
    late();

    expect(ran).toEqual(['on']);
  });

  it('lets every promise continue before time advances', async () => {
    const scheduler = new VirtualScheduler(start);
    const seen: number[] = [];
    scheduler.after(10, async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      seen.push(scheduler.now() - start);
    });
    scheduler.after(11, () => seen.push(scheduler.now() - start));

    await scheduler.runUntil(() => false);

    expect(seen).toEqual([10, 11]);
  });

  it('lets the event loop turn now and then, however many timers there are', async () => {
    const scheduler = new VirtualScheduler(start);
    let turned = false;
    let after = 0;
    const again = (): unknown => scheduler.after(1, again);
    again();
    setImmediate(() => setImmediate(() => (turned = true)));
    await scheduler.runUntil(() => turned || ++after > 100);
    expect(turned).toBe(true);
  });

  it('stops as soon as its condition is met, and continues from there', async () => {
    const scheduler = new VirtualScheduler(start);
    const ran: number[] = [];
    for (const delay of [10, 20, 30]) scheduler.after(delay, () => ran.push(delay));

    await scheduler.runUntil(() => ran.length === 2);
    expect([ran, scheduler.now() - start]).toEqual([[10, 20], 20]);
    await scheduler.run(5);
    expect([ran, scheduler.now() - start]).toEqual([[10, 20], 25]);
    await scheduler.run(5);
    expect([ran, scheduler.now() - start]).toEqual([[10, 20, 30], 30]);
  });

  it('gives up on a world that is never idle', async () => {
    const scheduler = new VirtualScheduler();
    const again = (): unknown => scheduler.after(100, again);
    again();
    await expect(scheduler.runUntil(() => false, 10_000)).rejects.toThrow(/not idle within 10 s/);
  });

  it('resolves a promise as time passes, and throws its error', async () => {
    const scheduler = new VirtualScheduler(start);
    const slow = async () => {
      await sleepOn(scheduler, 1000);
      return scheduler.now() - start;
    };
    const failing = async () => {
      await sleepOn(scheduler, 1);
      throw new Error('failed');
    };

    expect(await scheduler.resolve(slow())).toBe(1000);
    await expect(scheduler.resolve(failing())).rejects.toThrow('failed');
  });
});

describe('realScheduler', () => {
  it('runs timers in real time, and cancels them', async () => {
    const scheduler = realScheduler();
    const ran: string[] = [];
    scheduler.after(0, () => ran.push('cancelled at once'))();
    scheduler.after(1, () => ran.push('later, called off'))();
    scheduler.after(0, () => ran.push('at once'));

    const begin = scheduler.now();
    await sleepOn(scheduler, 20);

    expect(ran).toEqual(['at once']);
    expect(scheduler.now() - begin).toBeGreaterThanOrEqual(18);
  });
});

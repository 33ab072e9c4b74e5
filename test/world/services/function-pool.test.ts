import { describe, expect, it } from 'vitest';
import { FunctionPool } from '../../../world/services/function-pool.ts';
import { Activity } from '../../../world/time/activity.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';

type Work = 'work' | 'throw' | 'hang';

/** A function that returns the number of its instance, after 100 ms. */
function aPool(concurrency = 2, throttles = false) {
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  let instances = 0;
  const pool = new FunctionPool<Work, number>(
    { name: 'test', region: 'us-east-1', concurrency, throttles, timeout: 1000, memoryMb: 512 },
    scheduler,
    activity,
    () => {
      const instance = ++instances;
      return async (work, context) => {
        expect(context.getRemainingTimeInMillis()).toBe(1000);
        expect(context.memoryLimitInMB).toBe('512');
        if (work === 'hang') await new Promise(() => undefined);
        await sleepOn(scheduler, 100);
        if (work === 'throw') throw new Error('thrown');
        return instance;
      };
    },
  );
  return { scheduler, activity, pool, invoke: (work: Work) => scheduler.resolve(pool.invoke(work)) };
}

describe('FunctionPool', () => {
  it('reuses an instance, and makes more only while all are busy', async () => {
    const { invoke, pool, scheduler } = aPool();

    expect([await invoke('work'), await invoke('work')]).toEqual([1, 1]);
    const both = Promise.all([pool.invoke('work'), pool.invoke('work')]);
    expect((await scheduler.resolve(both)).sort()).toEqual([1, 2]);
  });

  it('runs no more invocations at once than allowed; the others wait for their turn', async () => {
    const { pool, scheduler, activity } = aPool(2);
    const begin = scheduler.now();
    expect(pool.isFree).toBe(true);

    const all = Promise.all(Array.from({ length: 5 }, () => pool.invoke('work')));

    expect(pool.isFree).toBe(false);
    expect(activity.idle).toBe(false);
    expect(new Set(await scheduler.resolve(all))).toEqual(new Set([1, 2]));
    expect(scheduler.now() - begin).toBe(300);
    expect([pool.isFree, activity.idle]).toEqual([true, true]);
  });

  it('can refuse an invocation while all instances are busy, as Lambda does', async () => {
    const { pool, scheduler, activity } = aPool(2, true);
    const two = Promise.all([pool.invoke('work'), pool.invoke('work')]);
    await expect(pool.invoke('work')).rejects.toMatchObject({ name: 'Lambda.TooManyRequestsException' });
    expect(await scheduler.resolve(two)).toEqual([1, 2]);
    expect(activity.idle).toBe(true);
    expect(await scheduler.resolve(pool.invoke('work'))).toBe(2);
  });

  it('starts cold after an instance threw', async () => {
    const { invoke, activity } = aPool();
    await invoke('work');
    await expect(invoke('throw')).rejects.toThrow('thrown');
    expect(await invoke('work')).toBe(2);
    expect(activity.idle).toBe(true);
  });

  it('ends an instance that does not respond in time, and starts cold', async () => {
    const { invoke, scheduler, activity, pool } = aPool(1);
    await invoke('work');
    const begin = scheduler.now();

    await expect(invoke('hang')).rejects.toThrow(/timed out.* 1000 ms/);

    expect(scheduler.now() - begin).toBe(1000);
    expect([pool.isFree, activity.idle]).toEqual([true, true]);
    expect(await invoke('work')).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { FunctionPool } from '../../../world/services/function-pool.ts';
import { Activity } from '../../../world/time/activity.ts';
import { WorldClock } from '../../../world/time/clock.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';

type Work = 'work' | 'throw' | 'hang';

/** A function that returns the number of its instance, after 100 ms. */
function aPool(concurrency = 2, throttles = false) {
  const weather = new Weather(seeded(1));
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  let instances = 0;
  const pool = new FunctionPool<Work, number>(
    { name: 'test', region: 'us-east-1', concurrency, throttles, timeout: 1000, memoryMb: 512 },
    { scheduler, activity, weather },
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
  return { scheduler, activity, weather, pool, invoke: (work: Work) => scheduler.resolve(pool.invoke(work)) };
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

  it('can use any idle instance, and not only the last one used', async () => {
    const { invoke, pool, scheduler, weather } = aPool(3);
    await scheduler.resolve(Promise.all([pool.invoke('work'), pool.invoke('work'), pool.invoke('work')]));
    expect(new Set([await invoke('work'), await invoke('work'), await invoke('work')])).toEqual(new Set([3]));

    weather.set('lambda.any-instance', 1, 'us-east-1');
    const used = new Set<number>();
    for (let i = 0; i < 20; i++) used.add(await invoke('work'));

    expect(used).toEqual(new Set([1, 2, 3]));
    expect(weather.counts.get('lambda.any-instance')).toBe(20);
  });

  it('can be throttled by chance, however many instances are free', async () => {
    const { invoke, pool, activity, weather } = aPool();
    weather.set('lambda.throttled', 1, 'us-east-1');
    await expect(pool.invoke('work')).rejects.toMatchObject({ name: 'Lambda.TooManyRequestsException' });
    expect(activity.idle).toBe(true);
    weather.calm();
    expect(await invoke('work')).toBe(1);
  });

  it('ends running and idle instances when it is restarted, and starts cold', async () => {
    const { invoke, pool, scheduler, activity } = aPool();
    await scheduler.resolve(Promise.all([pool.invoke('work'), pool.invoke('work')]));
    const running = pool.invoke('work');

    pool.restart();

    await expect(running).rejects.toThrow('ended');
    expect([pool.isFree, activity.idle]).toEqual([true, true]);
    expect(await invoke('work')).toBe(3);
  });

  it('uses instances of the earlier and of the new code during a rollout, and then only of the new code', async () => {
    const { invoke, pool, scheduler } = aPool(3);
    await scheduler.resolve(Promise.all([pool.invoke('work'), pool.invoke('work'), pool.invoke('work')]));

    pool.rollOut();
    const used: number[] = [];
    while (scheduler.now() < 60_000) used.push(await invoke('work'));

    const isNew = used.map((instance) => instance > 3);
    expect(isNew.lastIndexOf(false)).toBeGreaterThan(isNew.indexOf(true));
    expect(new Set(used.slice(-50))).toEqual(new Set([4]));
    await scheduler.resolve(Promise.all([pool.invoke('work'), pool.invoke('work')]));
    const after: number[] = [];
    for (let i = 0; i < 10; i++) after.push(await invoke('work'));
    expect(new Set(after).size).toBe(1);
  });

  it('does not reuse an instance of earlier code that was busy until after the rollout', async () => {
    const scheduler = new VirtualScheduler(0);
    let instances = 0;
    const pool = new FunctionPool<number, number>(
      { name: 'test', region: 'us-east-1', concurrency: 2, timeout: 900_000, memoryMb: 512 },
      { scheduler, activity: new Activity(), weather: new Weather(seeded(1)) },
      () => {
        const instance = ++instances;
        return async (milliseconds) => {
          await sleepOn(scheduler, milliseconds);
          return instance;
        };
      },
    );
    const busy = pool.invoke(70_000);
    pool.rollOut();
    await scheduler.run(65_000);
    expect(await scheduler.resolve(pool.invoke(1))).toBe(2);
    expect(await scheduler.resolve(busy)).toBe(1);
    expect(await scheduler.resolve(pool.invoke(1))).toBe(2);
  });
});

describe('what an invocation left running', () => {
  /** A function whose invocations each leave something running that takes a second, and take 100 ms themselves. */
  const aRestless = () => {
    const scheduler = new VirtualScheduler(0);
    const done: { readonly of: number; readonly at: number }[] = [];
    let invocations = 0;
    const pool = new FunctionPool<boolean, void>(
      { name: 'test', region: 'us-east-1', concurrency: 1, timeout: 500, memoryMb: 512 },
      { scheduler, activity: new Activity(), weather: new Weather(seeded(1)) },
      (process) => async (hangs) => {
        const of = ++invocations;
        void process
          .call(
            () => sleepOn(scheduler, 1000),
            () => undefined,
          )
          .then(() => done.push({ of, at: scheduler.now() }));
        await sleepOn(scheduler, hangs ? 10_000 : 100);
      },
    );
    return { scheduler, pool, done };
  };

  it('makes progress only during the next invocation of the instance', async () => {
    const { scheduler, pool, done } = aRestless();
    await scheduler.resolve(pool.invoke(false));
    await scheduler.run(60_000);
    expect(done).toEqual([]);
    const begin = scheduler.now();
    await scheduler.resolve(pool.invoke(false));
    expect(done).toEqual([{ of: 1, at: begin }]);
  });

  it('makes no progress any more after the instance was ended', async () => {
    const { scheduler, pool, done } = aRestless();
    await expect(scheduler.resolve(pool.invoke(true))).rejects.toThrow('timed out');
    await scheduler.resolve(pool.invoke(false));
    await scheduler.run(60_000);
    await scheduler.resolve(pool.invoke(false));
    expect(done.map(({ of }) => of)).toEqual([2]);
  });
});

describe('the time that remains of an invocation', () => {
  it('is computed from the wall clock, which may jump', async () => {
    const scheduler = new VirtualScheduler(0);
    const clock = new WorldClock(scheduler, 5000);
    const remaining: number[] = [];
    const pool = new FunctionPool<undefined, void>(
      { name: 'test', region: 'us-east-1', concurrency: 1, timeout: 500, memoryMb: 512, now: () => clock.now() },
      { scheduler, activity: new Activity(), weather: new Weather(seeded(1)) },
      () => async (_event, context) => {
        remaining.push(context.getRemainingTimeInMillis());
        clock.jump(-2000);
        remaining.push(context.getRemainingTimeInMillis());
      },
    );
    await scheduler.resolve(pool.invoke(undefined));
    expect(remaining).toEqual([500, 2500]);
  });
});

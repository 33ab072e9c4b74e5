import { describe, expect, it } from 'vitest';
import { callOver } from '../../../world/network/call.ts';
import { Link } from '../../../world/network/link.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler, withTimeout } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';

/** A call that takes 10 ms in each direction, and is given up after 30 s. */
function aCall() {
  const scheduler = new VirtualScheduler(0);
  const weather = new Weather(seeded(1));
  const link = () => new Link(scheduler, seeded(1), new Activity(), { latency: [10, 10], duplicates: 0 });
  const [there, back] = [link(), link()];
  const arrived: number[] = [];
  const call = () =>
    scheduler.resolve(
      withTimeout(
        scheduler,
        30_000,
        'given up',
        callOver({ scheduler, weather, region: 'us-east-1', there, back }, async () => {
          arrived.push(scheduler.now());
          return 'answer';
        }),
      ),
    );
  return { scheduler, weather, there, back, arrived, call };
}

describe('a call to another Region', () => {
  it('takes the latencies of both links', async () => {
    const { scheduler, arrived, call } = aCall();
    expect([await call(), arrived, scheduler.now()]).toEqual(['answer', [10], 20]);
  });

  it('can be slow', async () => {
    const { scheduler, weather, arrived, call } = aCall();
    weather.set('invoke.slow', 1, 'us-east-1');
    expect(await call()).toBe('answer');
    expect(arrived[0]).toBeGreaterThanOrEqual(1010);
    expect(scheduler.now()).toBeLessThanOrEqual(10_020);
  });

  it('can be lost: it has no effect, and the caller learns nothing before its time limit', async () => {
    const { scheduler, weather, arrived, call } = aCall();
    weather.set('invoke.lost', 1, 'us-east-1');
    await expect(call()).rejects.toThrow('given up');
    expect([arrived, scheduler.now()]).toEqual([[], 30_000]);
  });

  it('can take effect while its answer is lost: the caller learns nothing before its time limit', async () => {
    const { scheduler, weather, arrived, call } = aCall();
    weather.set('invoke.answer-lost', 1, 'us-east-1');
    await expect(call()).rejects.toThrow('given up');
    expect([arrived, scheduler.now()]).toEqual([[10], 30_000]);
  });

  it('fails at once over a cut link, there or back', async () => {
    for (const direction of ['there', 'back'] as const) {
      const made = aCall();
      made[direction].cut();
      await expect(made.call()).rejects.toThrow('cut');
      expect(made.arrived).toEqual(direction === 'there' ? [] : [10]);
    }
  });
});

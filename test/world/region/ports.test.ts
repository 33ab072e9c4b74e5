import { describe, expect, it } from 'vitest';
import { MeridianError, ThrottledError } from '../../../core/index.ts';
import { LAMBDA_PAYLOAD_BYTES } from '../../../core/limits/aws.ts';
import { Link } from '../../../world/network/link.ts';
import { remoteOver } from '../../../world/region/ports.ts';
import { FunctionPool } from '../../../world/services/function-pool.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';

/** A function of another Region, called over links. */
function aRemote(handle: (request: unknown) => Promise<unknown>, throttles = false) {
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  const callee = new FunctionPool<unknown, unknown>(
    { name: 'callee', region: 'us-east-2', concurrency: 1, throttles, timeout: 1000, memoryMb: 1024 },
    { scheduler, activity, weather: new Weather(seeded(1)) },
    () => handle,
  );
  const link = () => new Link(scheduler, seeded(1), activity, { latency: [10, 10], duplicates: 0 });
  const weather = new Weather(seeded(1));
  const way = { scheduler, weather, region: 'us-east-1', there: link(), back: link() };
  const remote = remoteOver(scheduler, () => ({ ...way, callee }));
  return (request: unknown) => scheduler.resolve(remote.invoke('us-east-2', request));
}

/** A text whose JSON has this many bytes. */
function textOf(bytes: number): string {
  return 'x'.repeat(bytes - 2);
}

describe('a function of another Region', () => {
  it("accepts and returns as much as Lambda's limit", async () => {
    const largest = textOf(LAMBDA_PAYLOAD_BYTES);
    expect(await aRemote(async (request) => request)(largest)).toBe(largest);
  });

  it('is not called with more', async () => {
    let calls = 0;
    const invoke = aRemote(async () => ++calls);
    await expect(invoke(textOf(LAMBDA_PAYLOAD_BYTES + 1))).rejects.toMatchObject({
      code: 'too-large',
      retryable: false,
    });
    expect(calls).toBe(0);
  });

  it('counts as failed if it returns more', async () => {
    const invoke = aRemote(async () => textOf(LAMBDA_PAYLOAD_BYTES + 1));
    await expect(invoke('give me all')).rejects.toMatchObject({
      code: 'region-unreachable',
      retryable: true,
      cause: { message: expect.stringContaining('ResponseSizeTooLarge') },
    });
  });

  it('counts as failed if it throws any error', async () => {
    const invoke = aRemote(() => Promise.reject(new MeridianError('too-large', 'there')));
    await expect(invoke('work')).rejects.toMatchObject({ code: 'region-unreachable' });
  });

  it('reports that it has no instance free', async () => {
    const invoke = aRemote(() => new Promise(() => undefined), true);
    const answers = await Promise.allSettled([invoke('work'), invoke('work')]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const reasons = answers.map((answer) => answer.status === 'rejected' && answer.reason);
    expect(reasons.filter((reason) => reason instanceof ThrottledError)).toHaveLength(1);
    expect(reasons).toEqual(Array(2).fill(expect.objectContaining({ code: 'region-unreachable', retryable: true })));
  });

  it('that returns nothing returns null', async () => {
    expect(await aRemote(async () => undefined)('work')).toBeNull();
  });
});

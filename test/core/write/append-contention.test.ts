import { describe, expect, it } from 'vitest';
import type { Appended } from '../../../core/facts/append.ts';
import { decodeVersionToken } from '../../../core/wire/version-token.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, noted, watched } from '../a-region.ts';
import { ACCOUNT, another, deposit, stateOf, textsOf, warmUp } from './append-fixture.ts';

describe('contention', () => {
  it('lets every writer succeed, at positions without a gap', async () => {
    const us = aRegion();
    const scheduler = new VirtualScheduler();
    const pass = (ms: number) => sleepOn(scheduler, ms);
    const writers = Array.from({ length: 8 }, (_, i) => ({
      ...another(us),
      events: watched(us.table, () => pass(5)),
      runtime: { ...fakeRuntime(undefined, i), elapsed: () => scheduler.now(), sleep: pass },
    }));
    const appendFive = async (writer: (typeof writers)[number]): Promise<Appended[]> => {
      const done: Appended[] = [];
      for (let i = 0; i < 5; i++)
        done.push(await appendToStream(writer, anAppend({ stream: ACCOUNT, operation: deposit(1) })));
      return done;
    };
    const answers = await scheduler.resolve(Promise.all(writers.map(appendFive)));
    const positions = answers.flat().map(({ dot }) => dot?.position);
    expect(positions.sort((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(await stateOf(us, ACCOUNT)).toBe(40);
  });

  it('gives up after 10 s, and reports that a retry is worthwhile', async () => {
    const us = aRegion();
    const start = us.runtime.now();
    const busy = {
      ...us,
      events: watched(us.table, async (call) => {
        if (call === 'put') await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: deposit(1) }));
      }),
    };
    const error = await appendToStream(busy, anAppend({ stream: ACCOUNT, operation: deposit(100) })).catch(
      (error) => error,
    );
    expect(error).toMatchObject({ code: 'version-conflict', retryable: true });
    const [others, actual] = [await stateOf(us, ACCOUNT), decodeVersionToken(ACCOUNT, error.details.actual, '')];
    expect(actual).toEqual({ us: others });
    expect(us.runtime.now() - start).toBeLessThanOrEqual(10_000);
    expect(us.runtime.now() - start).toBeGreaterThan(8000);
    expect(Math.max(...us.runtime.slept)).toBeLessThanOrEqual(1000);
  });

  it('never lets one process conflict with itself: concurrent appends on one warm stream all succeed', async () => {
    const us = aRegion();
    await warmUp(us);
    const texts = Array.from({ length: 10 }, (_, i) => `${i}`);
    await Promise.all(texts.map((text) => appendToStream(us, anAppend({ operation: noted(text) }))));
    expect(await textsOf(us)).toHaveLength(10);
    expect(await textsOf(us)).toEqual(expect.arrayContaining(texts));
  });
});

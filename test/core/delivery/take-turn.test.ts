import { describe, expect, it } from 'vitest';
import { handleMessages, MeridianError, type Progress } from '../../../core/index.ts';
import { aSubscriber, bodyAt, idAt, SETTLED, waits } from './subscribe-fixture.ts';

describe('an event of a log', () => {
  it('fails with a retryable error after losing the race to others for 10 s', async () => {
    const { progress } = aSubscriber();
    const { take, runtime } = aSubscriber({ progress: { ...progress, advance: async () => false } });
    expect(await take(bodyAt(1))).toEqual([expect.objectContaining({ code: 'unavailable', retryable: true })]);
    expect(runtime.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(8000);
  });

  it('is handled at once if its predecessor was handled while it was being parked', async () => {
    const { journal, progress, ports } = aSubscriber();
    const slow: Progress<string> = {
      ...progress,
      park: async (...args) => {
        const first = await progress.park(...args);
        await handleMessages({ ...ports, progress: { ...progress, parked: async () => [] } }, [bodyAt(1)]);
        return first;
      },
    };
    expect(await handleMessages({ ...ports, progress: slow }, [bodyAt(2)])).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2)]);
  });

  it('is handled once if the response to its write was lost', async () => {
    const { journal, progress, take, ports } = aSubscriber();
    const lost = new MeridianError('unavailable', 'no answer', { retryable: true });
    const unanswered = {
      ...progress,
      advance: async (...args: Parameters<typeof progress.advance>) => {
        await progress.advance(...args);
        throw lost;
      },
    };
    expect(await handleMessages({ ...ports, progress: unanswered }, [bodyAt(1)])).toEqual([lost]);
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1)]);
  });
});

describe('a subscriber that starts at the first event it sees', () => {
  it('starts a log at the earliest event that has arrived, once that has waited five minutes', async () => {
    const { journal, runtime, take } = aSubscriber({ from: 'first-seen' });
    expect(await take(bodyAt(8), bodyAt(7))).toEqual([waits, waits]);
    runtime.advance(SETTLED - 1);
    expect(await take(bodyAt(7))).toEqual([waits]);
    runtime.advance(1);
    expect(await take(bodyAt(8))).toEqual([waits]);
    expect(await take(bodyAt(7))).toEqual([undefined]);
    expect(journal).toEqual([idAt(7), idAt(8)]);
  });

  it('skips earlier events that arrive after the log has started', async () => {
    const { journal, runtime, take } = aSubscriber({ from: 'first-seen' });
    await take(bodyAt(7));
    runtime.advance(SETTLED);
    await take(bodyAt(7));
    expect(await take(bodyAt(6))).toEqual([undefined]);
    expect(journal).toEqual([idAt(7)]);
  });

  it('handles the first event of a log at once, and never skips a later gap', async () => {
    const { journal, runtime, take } = aSubscriber({ from: 'first-seen' });
    expect(await take(bodyAt(1), bodyAt(3))).toEqual([undefined, waits]);
    runtime.advance(2 * SETTLED);
    expect(await take(bodyAt(3))).toEqual([waits]);
    expect(journal).toEqual([idAt(1)]);
  });
});

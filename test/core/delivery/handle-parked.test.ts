import { describe, expect, it } from 'vitest';
import { handleMessages, MeridianError, type Progress, subscribedEventSchema } from '../../../core/index.ts';
import { aSubscriber, bodyAt, idAt, STREAM, waits } from './subscribe-fixture.ts';

describe('a subscriber with parked events', () => {
  it('handles many parked events in one invocation', async () => {
    const { journal, take } = aSubscriber();
    const rest = Array.from({ length: 24 }, (_, i) => bodyAt(i + 2));
    await take(...rest);
    await take(bodyAt(1));
    expect(journal).toEqual(Array.from({ length: 25 }, (_, i) => idAt(i + 1)));
  });

  it('completes an event even if the parked event behind it fails, which has its own message', async () => {
    const { journal, take } = aSubscriber({
      handle: ({ id, meta: { position } }) => {
        if (position === 2) throw new Error('a fault of the handler');
        return [id];
      },
    });
    await take(bodyAt(2));
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(await take(bodyAt(2))).toEqual([new Error('a fault of the handler')]);
    expect(journal).toEqual([idAt(1)]);
  });

  it('handles parked events for 10 s, and has the current event redelivered if some remain', async () => {
    const { journal, runtime, take } = aSubscriber({
      handle: ({ id }) => {
        runtime.advance(4000);
        return [id];
      },
    });
    await take(...[2, 3, 4, 5, 6].map((position) => bodyAt(position)));
    // From here on only this message arrives: the others are in the dead-letter queue.
    expect(await take(bodyAt(1))).toEqual([expect.objectContaining({ code: 'unavailable', retryable: true })]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([1, 2, 3, 4, 5, 6].map((position) => idAt(position)));
  });

  it('continues with parked events after an earlier process died', async () => {
    const { journal, progress, ports, take } = aSubscriber();
    await take(bodyAt(2), bodyAt(3));
    const unanswered = new MeridianError('unavailable', 'no answer', { retryable: true });
    const parked = async () => {
      throw unanswered;
    };
    expect(await handleMessages({ ...ports, progress: { ...progress, parked } }, [bodyAt(1)])).toEqual([unanswered]);
    expect(journal).toEqual([idAt(1)]);
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
  });

  it('continues with parked events even when another event of the log arrives early', async () => {
    const { journal, progress, take } = aSubscriber();
    await take(bodyAt(2), bodyAt(3));
    // The instance that handled the first event died, and the message of that event is gone.
    await progress.advance(
      subscribedEventSchema.parse({ ...JSON.parse(bodyAt(1)).detail, type: 'Noted' }),
      undefined,
      [],
    );
    expect(await take(bodyAt(5))).toEqual([waits]);
    expect(journal).toEqual([idAt(2), idAt(3)]);
    expect(await take(bodyAt(4))).toEqual([undefined]);
    expect(journal).toEqual([idAt(2), idAt(3), idAt(4), idAt(5)]);
  });

  it('leaves the rest of the parked events to another instance that is handling them', async () => {
    const { journal, progress, ports } = aSubscriber();
    await handleMessages(ports, [bodyAt(2), bodyAt(3)]);
    // When this instance reads the parked events, another one has handled them.
    const slow: Progress<string> = {
      ...progress,
      parked: async (...args) => {
        const page = await progress.parked(...args);
        for (const { event } of page.slice(0, 1))
          await progress.advance(event, await progress.last(STREAM, 'us-east-1'), [event.id]);
        return page;
      },
    };
    expect(await handleMessages({ ...ports, progress: slow }, [bodyAt(1)])).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2)]);
    expect(await handleMessages(ports, [bodyAt(3)])).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
  });
});

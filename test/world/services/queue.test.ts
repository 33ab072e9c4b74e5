import { describe, expect, it } from 'vitest';
import { SQS_BATCH_BYTES } from '../../../core/limits/aws.ts';
import { WorldDelayedQueue } from '../../../world/services/queue.ts';
import { Activity } from '../../../world/time/activity.ts';
import { aQueue } from './a-queue.ts';

describe('WorldQueue', () => {
  it('accepts no larger batch than SQS, and no message of one that is too large', async () => {
    const { queue, activity } = aQueue();
    await expect(queue.send(Array.from({ length: 11 }, () => ''))).rejects.toMatchObject({ code: 'internal' });
    await expect(queue.send(['x'.repeat(SQS_BATCH_BYTES), 'x'])).rejects.toMatchObject({ code: 'too-large' });
    await expect(queue.send([])).rejects.toMatchObject({ code: 'internal' });
    expect(activity.idle).toBe(true);
  });

  it('delivers in batches, and successful messages only once', async () => {
    const { queue, deliveries, settle, activity } = aQueue();

    expect(await queue.send(['a', 'b', 'c', 'd'])).toEqual([undefined, undefined, undefined, undefined]);
    expect(activity.idle).toBe(false);
    await settle();

    expect(deliveries.map(({ bodies }) => bodies)).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('delivers to as many instances at once as allowed', async () => {
    const { queue, deliveries, settle } = aQueue({ concurrency: 2 }, { batchSize: 1 });
    await queue.send(['a', 'b', 'c']);
    await settle();
    expect(deliveries.map(({ at }) => at)).toEqual([0, 0, 10]);
  });

  it('redelivers only the failed messages of a batch when the visibility timeout expires', async () => {
    const { queue, deliveries, settle } = aQueue({ failing: new Map([['b', 1]]) });

    await queue.send(['a', 'b', 'c']);
    await settle();

    expect(deliveries).toEqual([
      { at: 0, bodies: ['a', 'b', 'c'], receives: ['1', '1', '1'] },
      { at: 5000, bodies: ['b'], receives: ['2'] },
    ]);
  });

  it('redelivers the whole batch after the handler threw', async () => {
    const { queue, deliveries, settle } = aQueue({
      instead: (delivery) => (delivery === 1 ? Promise.reject(new Error('thrown')) : undefined),
    });
    await queue.send(['a', 'b']);
    await settle();
    expect(deliveries.map(({ at, bodies }) => [at, bodies])).toEqual([
      [0, ['a', 'b']],
      [5000, ['a', 'b']],
    ]);
  });

  it('redelivers the whole batch after the handler was killed, and delivers the next messages meanwhile', async () => {
    const { queue, deliveries, settle } = aQueue({
      instead: (delivery) => (delivery === 1 ? new Promise(() => undefined) : undefined),
    });
    await queue.send(['a', 'b', 'c', 'd']);
    await settle();
    expect(deliveries.map(({ at, bodies }) => [at, bodies])).toEqual([
      [0, ['a', 'b', 'c']],
      [1000, ['d']],
      [5000, ['a', 'b', 'c']],
    ]);
  });

  it('moves only a message with the maximum number of receives to the dead-letter queue', async () => {
    const { queue, deadLetters, bodies, settle, activity } = aQueue({ failing: new Map([['poison', 99]]) });

    await queue.send(['a', 'poison', 'b']);
    await settle();

    expect(deadLetters.bodies).toEqual(['poison']);
    expect(bodies()).toEqual(['a', 'poison', 'b', 'poison', 'poison']);
    expect(activity.idle).toBe(true);
  });

  it('delivers the configured fraction of messages twice, and lets messages overtake each other', async () => {
    const { queue, bodies, settle } = aQueue({}, { duplicates: 0.5, reorders: true });
    const sent = Array.from({ length: 100 }, (_, i) => `${i}`);

    for (let i = 0; i < sent.length; i += 10) await queue.send(sent.slice(i, i + 10));
    await settle();

    expect(new Set(bodies())).toEqual(new Set(sent));
    expect(bodies().length).toBeGreaterThan(130);
    expect(bodies().length).toBeLessThan(170);
    expect([...new Set(bodies())]).not.toEqual(sent);
  });

  it('counts the receives of each copy of a message separately', async () => {
    const { queue, deadLetters, settle } = aQueue({ failing: new Map([['a', 4]]) }, { duplicates: 1 });
    await queue.send(['a']);
    await settle();
    expect(deadLetters.bodies).toEqual([]);
  });
});

describe('WorldDelayedQueue', () => {
  /** A queue whose hidden messages do not count as activity. */
  const aDelayedQueue = (...[consumer]: Parameters<typeof aQueue>) => {
    const hidden = new Activity();
    const { queue, ...rest } = aQueue(consumer, {}, hidden);
    return { ...rest, hidden, delayed: new WorldDelayedQueue(queue) };
  };

  it('delivers a message once its delay is over, in whole seconds, whatever was sent before', async () => {
    const { delayed, deliveries, scheduler } = aDelayedQueue();

    expect(
      await delayed.send([
        { body: 'late', delay: 30_000 },
        { body: 'soon', delay: 1001 },
        { body: 'at once', delay: 0 },
      ]),
    ).toEqual([undefined, undefined, undefined]);
    await scheduler.run(60_000);

    expect(deliveries.map(({ at, bodies }) => [at, bodies])).toEqual([
      [0, ['at once']],
      [2000, ['soon']],
      [30_000, ['late']],
    ]);
  });

  it('is idle while no delayed or failed message is due', async () => {
    const { delayed, deliveries, scheduler, activity, hidden, settle } = aDelayedQueue({
      failing: new Map([['a', 1]]),
    });
    await delayed.send([{ body: 'a', delay: 5000 }]);
    expect([activity.idle, hidden.idle]).toEqual([true, false]);

    await scheduler.runUntil(() => !activity.idle);
    expect([scheduler.now(), hidden.idle]).toEqual([5000, true]);
    await settle();
    expect([scheduler.now(), hidden.idle]).toEqual([5010, false]);
    await scheduler.runUntil(() => activity.idle && hidden.idle);

    expect(deliveries.map(({ at }) => at)).toEqual([5000, 10_000]);
  });

  it('accepts no more than SQS: at most ten messages at once, each delayed by at most 15 minutes', async () => {
    const { delayed } = aDelayedQueue();
    await expect(delayed.send(Array.from({ length: 11 }, () => ({ body: '', delay: 0 })))).rejects.toThrow(
      'at most 10',
    );
    await expect(delayed.send([{ body: 'x'.repeat(SQS_BATCH_BYTES + 1), delay: 0 }])).rejects.toMatchObject({
      code: 'too-large',
    });
    for (const delay of [900_001, -1, Number.NaN])
      await expect(delayed.send([{ body: '', delay }])).rejects.toThrow('0 to 900000 ms');
  });
});

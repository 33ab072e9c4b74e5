import { describe, expect, it } from 'vitest';
import { WorldDelayedQueue } from '../../../world/services/queue.ts';
import { sleepOn } from '../../../world/time/scheduler.ts';
import { aQueue } from './a-queue.ts';

const MINUTE = 60_000;
const here = 'us-east-1';

describe('a queue that redelivers what was processed', () => {
  it('delivers a message a second time minutes later, and not a third time', async () => {
    const { queue, deliveries, weather, settle } = aQueue();
    weather.set('queue.again', 1, here);

    await queue.send(['a']);
    await settle();

    expect(deliveries.map(({ bodies, receives }) => [bodies, receives])).toEqual([
      [['a'], ['1']],
      [['a'], ['2']],
    ]);
    const [, { at } = { at: 0 }] = deliveries;
    expect(at).toBeGreaterThanOrEqual(MINUTE);
    expect(at).toBeLessThan(11 * MINUTE);
    expect(weather.counts.get('queue.again')).toBe(1);
  });
});

describe('a queue that refuses messages', () => {
  it('delivers those of a batch that it accepted, and says which it did not', async () => {
    const { queue, bodies, weather, settle } = aQueue();
    weather.set('queue.refused', 0.5, here);

    const sent = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const answers = await queue.send(sent);
    await settle();

    const refused = sent.filter((_body, i) => answers[i] !== undefined);
    expect(refused).toHaveLength(weather.counts.get('queue.refused') ?? 0);
    expect(refused.length).toBeGreaterThan(0);
    expect(bodies()).toEqual(sent.filter((body) => !refused.includes(body)));
  });

  it('does so when a message with a delay is sent, and not when it is due', async () => {
    const { queue, bodies, weather, settle } = aQueue();
    const delayed = new WorldDelayedQueue(queue);
    expect(await delayed.send([{ body: 'a', delay: 5000 }])).toEqual([undefined]);
    weather.set('queue.refused', 1, here);
    expect(await delayed.send([{ body: 'b', delay: 5000 }])).toEqual([expect.stringContaining('InternalError')]);
    await settle();
    expect(bodies()).toEqual(['a']);
  });

  it('accepts what a bus delivers, since that retries by itself', async () => {
    const { queue, bodies, weather, settle } = aQueue();
    weather.set('queue.refused', 1, here);
    queue.accept('a');
    await settle();
    expect(bodies()).toEqual(['a']);
  });
});

describe('a queue with too many messages in flight', () => {
  it('delivers no further message until one is processed, or visible again', async () => {
    const { queue, deliveries, settle } = aQueue(
      { concurrency: 5, failing: new Map([['bad', 1]]) },
      { batchSize: 1, maxInFlight: 2 },
    );

    await queue.send(['bad', 'a', 'b', 'c']);
    await settle();

    expect(deliveries.map(({ at, bodies: [body] }) => [at, body])).toEqual([
      [0, 'bad'],
      [0, 'a'],
      [10, 'b'],
      [20, 'c'],
      [5000, 'bad'],
    ]);
  });

  it('fills a batch only as far as the limit allows, and goes on although all messages in flight are given up', async () => {
    const { queue, deliveries, deadLetters, settle } = aQueue(
      {
        failing: new Map([
          ['a', 9],
          ['b', 9],
        ]),
      },
      { maxInFlight: 2, maxReceives: 1 },
    );

    await queue.send(['a', 'b', 'c']);
    await settle();

    expect(deliveries.map(({ at, bodies }) => [at, bodies])).toEqual([
      [0, ['a', 'b']],
      [5000, ['c']],
    ]);
    expect(deadLetters.bodies).toEqual(['a', 'b']);
  });
});

describe('the retention of a queue', () => {
  it('drops a message that was not processed within it, and counts it', async () => {
    const { queue, bodies, settle, deadLetters, activity, scheduler } = aQueue(
      { failing: new Map([['bad', 99]]) },
      { maxReceives: 99, retention: 12_000 },
    );

    await queue.send(['bad', 'good']);
    await settle();

    expect(bodies()).toEqual(['bad', 'good', 'bad', 'bad']);
    expect([queue.expired, deadLetters.bodies, activity.idle]).toEqual([1, [], true]);
    expect(scheduler.now()).toBe(15_000);
  });
});

describe('a consumer that takes longer than the visibility timeout', () => {
  /** A queue whose first deliveries take a second; its messages are visible again after 300 ms. */
  const aSlow = (concurrency: number, options: Parameters<typeof aQueue>[1] = {}, slow = 1) => {
    const made = aQueue(
      {
        concurrency,
        timeout: 60_000,
        instead: (delivery) => (delivery <= slow ? sleepOn(made.scheduler, 990) : undefined),
      },
      { visibilityTimeout: 300, ...options },
    );
    return made;
  };

  it('gets its messages again while it is still working on them', async () => {
    const { queue, deliveries, settle, activity, scheduler } = aSlow(2);
    await queue.send(['a', 'b']);
    await settle();
    expect(deliveries).toEqual([
      { at: 0, bodies: ['a', 'b'], receives: ['1', '1'] },
      { at: 300, bodies: ['a', 'b'], receives: ['2', '2'] },
    ]);
    expect([activity.idle, scheduler.now()]).toEqual([true, 1000]);
  });

  it('deletes its messages if they were not received again meanwhile', async () => {
    const { queue, bodies, settle, scheduler, activity } = aSlow(1);
    await queue.send(['a', 'b']);
    await settle();
    await scheduler.run(10_000);
    expect(bodies()).toEqual(['a', 'b']);
    expect(activity.idle).toBe(true);
  });

  it('does not delete a message that was received again meanwhile, even if it is visible', async () => {
    const { queue, deliveries, settle, activity } = aSlow(2, {}, 2);
    await queue.send(['a']);
    await settle();
    expect(deliveries.map(({ at }) => at)).toEqual([0, 300, 1000]);
    expect(activity.idle).toBe(true);
  });

  it('has no messages in flight any more once they are visible', async () => {
    const { queue, deliveries, settle } = aSlow(2, { maxInFlight: 1, batchSize: 1 });
    await queue.send(['a', 'b']);
    await settle();
    expect(deliveries.slice(0, 2).map(({ at, bodies }) => [at, bodies])).toEqual([
      [0, ['a']],
      [300, ['b']],
    ]);
  });

  it('finds them in the dead-letter queue if they had no receive left', async () => {
    const { queue, bodies, settle, deadLetters, activity } = aSlow(2, { maxReceives: 1 });
    await queue.send(['a']);
    await settle();
    expect([bodies(), deadLetters.bodies, activity.idle]).toEqual([['a'], ['a'], true]);
  });
});

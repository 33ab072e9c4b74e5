import { describe, expect, it } from 'vitest';
import { waitingQueue } from '../../../world/region/queues.ts';
import { aQueue } from '../services/a-queue.ts';

describe("a subscriber's queue for messages that wait", () => {
  it('reports which messages were refused, and delivers the others', async () => {
    const { queue, weather, bodies, settle } = aQueue();
    const waiting = waitingQueue(queue);
    expect(await waiting.send([{ body: 'a', delay: 1000 }])).toEqual([undefined]);
    weather.set('queue.refused', 1, 'us-east-1');
    expect(await waiting.send([{ body: 'b', delay: 1000 }])).toEqual([expect.stringContaining('InternalError')]);
    await settle();
    expect(bodies()).toEqual(['a']);
  });

  it('lets the world be idle while a message waits for a second time, and not the first time', async () => {
    const { queue, activity, weather, scheduler } = aQueue();
    const waiting = waitingQueue(queue);
    weather.set('queue.refused', 1, 'us-east-1');
    await waiting.send([{ body: 'a', delay: 1000 }]);
    weather.calm();
    await waiting.send([{ body: 'a', delay: 1000 }]);
    expect(activity.idle).toBe(false);
    await scheduler.run(2000);
    await waiting.send([{ body: 'a', delay: 1000 }]);
    expect(activity.idle).toBe(true);
  });
});

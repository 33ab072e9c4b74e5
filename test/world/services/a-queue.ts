import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { FunctionPool } from '../../../world/services/function-pool.ts';
import { KeepingQueue, type QueueOptions, WorldQueue } from '../../../world/services/queue.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';

interface Consumer {
  /** Bodies that fail, this many times. */
  readonly failing?: ReadonlyMap<string, number>;
  /** What a delivery, by its number from 1, does instead of responding. */
  readonly instead?: (delivery: number) => Promise<unknown> | undefined;
  /** Milliseconds after which an invocation is ended. @default 1000 */
  readonly timeout?: number;
  readonly concurrency?: number;
}

/** A queue whose consumer takes 10 ms and records its messages. */
export function aQueue(
  { failing = new Map(), instead = () => undefined, concurrency = 1, timeout = 1000 }: Consumer = {},
  options: Partial<QueueOptions> = {},
  hidden?: Activity,
) {
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  const weather = new Weather(seeded(1));
  const left = new Map(failing);
  const deliveries: { at: number; bodies: string[]; receives: string[] }[] = [];
  const pool = new FunctionPool<SQSEvent, SQSBatchResponse>(
    { name: 'consumer', region: 'us-east-1', concurrency, timeout, memoryMb: 1024 },
    { scheduler, activity, weather },
    () =>
      async ({ Records }) => {
        const count = deliveries.push({
          at: scheduler.now(),
          bodies: Records.map(({ body }) => body),
          receives: Records.map(({ attributes }) => attributes.ApproximateReceiveCount),
        });
        await instead(count);
        await sleepOn(scheduler, 10);
        const failed = Records.filter(({ body }) => (left.get(body) ?? 0) > 0);
        for (const { body } of failed) left.set(body, (left.get(body) ?? 0) - 1);
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      },
  );
  const deadLetters = new KeepingQueue();
  const queue = new WorldQueue(
    {
      name: 'test',
      region: 'us-east-1',
      batchSize: 3,
      visibilityTimeout: 5000,
      maxReceives: 3,
      duplicates: 0,
      reorders: false,
      ...options,
    },
    { scheduler, random: seeded(3), activity, weather },
    { consumer: pool, deadLetters, hidden },
  );
  return {
    queue,
    deadLetters,
    deliveries,
    scheduler,
    activity,
    weather,
    settle: () => scheduler.runUntil(() => activity.idle),
    bodies: () => deliveries.flatMap(({ bodies }) => bodies),
  };
}

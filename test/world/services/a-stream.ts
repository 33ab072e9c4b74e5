import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { fromImage } from '../../../adapters/dynamodb/commit-item.ts';
import { FunctionPool } from '../../../world/services/function-pool.ts';
import { TableStream, type TableStreamOptions } from '../../../world/services/table-stream.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';
import { aCommit } from '../../contract/commits.ts';

type Answer = (positions: readonly number[], delivery: number) => readonly number[] | 'throw' | 'hang';

function positionOf({ dynamodb }: DynamoDBRecord): number {
  return fromImage(dynamodb?.NewImage).position;
}

/** A stream of commits 1, 2, 3 … whose consumer takes 10 ms; `answer` says which positions fail. */
export function aStream(answer: Answer = () => [], duplicates = 0, limits: Partial<TableStreamOptions> = {}) {
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  const weather = new Weather(seeded(1));
  const deliveries: { at: number; positions: number[] }[] = [];
  const pool = new FunctionPool<DynamoDBStreamEvent, DynamoDBBatchResponse>(
    { name: 'consumer', concurrency: limits.shards ?? 1, timeout: 1000, region: 'us-east-1', memoryMb: 1024 },
    { scheduler, activity, weather },
    () =>
      async ({ Records }) => {
        const positions = Records.map(positionOf);
        const failing = answer(positions, deliveries.push({ at: scheduler.now(), positions }));
        await sleepOn(scheduler, 10);
        if (failing === 'throw') throw new Error('thrown');
        if (failing === 'hang') return new Promise(() => undefined);
        const failed = Records.filter((record) => failing.includes(positionOf(record)));
        return {
          batchItemFailures: failed.map(({ dynamodb }) => ({ itemIdentifier: dynamodb?.SequenceNumber ?? '' })),
        };
      },
  );
  const stream = new TableStream(
    { region: 'us-east-1', batchSize: 4, retries: 2, maxAge: 3_600_000, retryAfter: 500, duplicates, ...limits },
    { scheduler, random: seeded(5), activity, weather },
    pool,
  );
  return {
    stream,
    scheduler,
    weather,
    /** Writes so many commits of a stream. @param first the position of the first one */
    push: (count: number, of = 'note/a', first = 1) => {
      for (let i = 0; i < count; i++) stream.push({ commit: aCommit({ stream: of, position: first + i }) });
    },
    settle: () => scheduler.runUntil(() => activity.idle),
    deliveries,
    positions: () => deliveries.map(({ positions }) => positions),
    failures: () => stream.failures.map(positionOf),
    activity,
  };
}

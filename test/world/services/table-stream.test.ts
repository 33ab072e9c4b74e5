import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { fromImage } from '../../../adapters/dynamodb/commit-item.ts';
import { FunctionPool } from '../../../world/services/function-pool.ts';
import { TableStream } from '../../../world/services/table-stream.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';
import { aCommit } from '../../contract/commits.ts';
import { aStream } from './a-stream.ts';

describe('TableStream', () => {
  it('delivers commits in order, in batches, one batch at a time', async () => {
    const { push, settle, deliveries, activity } = aStream();

    push(10);
    expect(activity.idle).toBe(false);
    await settle();
    push(1);
    await settle();

    expect(deliveries).toEqual([
      { at: 0, positions: [1, 2, 3, 4] },
      { at: 10, positions: [5, 6, 7, 8] },
      { at: 20, positions: [9, 10] },
      { at: 30, positions: [1] },
    ]);
  });

  it('delivers a whole commit, as the record of an inserted item', async () => {
    const commit = aCommit();
    let record: DynamoDBRecord | undefined;
    const scheduler = new VirtualScheduler(0);
    const activity = new Activity();
    const pool = new FunctionPool<DynamoDBStreamEvent, DynamoDBBatchResponse>(
      { name: 'consumer', concurrency: 1, timeout: 1000, region: 'us-east-1', memoryMb: 1024 },
      { scheduler, activity, weather: new Weather(seeded(1)) },
      () =>
        async ({ Records }) => {
          [record] = Records;
          return { batchItemFailures: [] };
        },
    );
    const options = {
      region: 'us-east-1',
      batchSize: 4,
      retries: 2,
      maxAge: 3_600_000,
      retryAfter: 500,
      duplicates: 0,
    };
    new TableStream(options, { scheduler, random: seeded(5), activity, weather: new Weather(seeded(1)) }, pool).push({
      commit,
    });

    await scheduler.runUntil(() => activity.idle);

    expect(record).toMatchObject({
      eventName: 'INSERT',
      awsRegion: 'us-east-1',
      dynamodb: { SequenceNumber: expect.stringMatching(/^\d+$/) },
    });
    expect(fromImage(record?.dynamodb?.NewImage)).toEqual(commit);
  });

  it('resumes at the first failed record, and redelivers the records behind it', async () => {
    const { push, settle, deliveries, failures } = aStream((_positions, delivery) => (delivery === 1 ? [3] : []));

    push(4);
    await settle();

    expect(deliveries).toEqual([
      { at: 0, positions: [1, 2, 3, 4] },
      { at: 510, positions: [3, 4] },
    ]);
    expect(failures()).toEqual([]);
  });

  it.each(['throw', 'hang'] as const)('splits a batch that fails as a whole (%s) and loses nothing', async (how) => {
    const { push, settle, positions, failures } = aStream((_positions, delivery) => (delivery === 1 ? how : []));

    push(5);
    await settle();

    expect(positions()).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [5]]);
    expect(failures()).toEqual([]);
  });

  it('isolates a poison record among the failures, and delivers all others, in order', async () => {
    for (const how of ['throw', 'fail'] as const) {
      const { push, settle, positions, failures, activity } = aStream((batch) =>
        batch.includes(2) ? (how === 'throw' ? 'throw' : [2]) : [],
      );

      push(6);
      await settle();

      expect(failures()).toEqual([2]);
      const firsts = [...new Set(positions().flat())];
      expect(firsts).toEqual([1, 2, 3, 4, 5, 6]);
      expect(positions().filter((batch) => batch.length === 1 && batch[0] === 2)).toHaveLength(3);
      expect(positions().findLastIndex((batch) => batch.includes(2))).toBeLessThan(
        positions().findLastIndex((batch) => batch.includes(3)),
      );
      expect(activity.idle).toBe(true);
    }
  });

  it('discards a record that is too old, and keeps the records behind it', async () => {
    const { push, settle, deliveries, failures } = aStream((batch) => (batch.includes(1) ? [1] : []), 0, {
      retries: 1000,
      maxAge: 2000,
    });

    push(2);
    await settle();

    expect(failures()).toEqual([1]);
    expect(deliveries.at(-1)?.positions).toEqual([2]);
    expect(deliveries.findLast(({ positions }) => positions.includes(1))?.at).toBeLessThan(3000);
  });

  it('delivers the configured fraction of records twice, and no record before an earlier one', async () => {
    const { push, settle, positions } = aStream(() => [], 0.5);

    push(100);
    await settle();

    const delivered = positions().flat();
    expect([...new Set(delivered)]).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(delivered.length).toBeGreaterThan(130);
    expect(delivered.length).toBeLessThan(170);
  });
});

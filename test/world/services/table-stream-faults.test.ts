import { describe, expect, it } from 'vitest';
import { TABLE_STREAM_RETENTION_S } from '../../../core/limits/aws.ts';
import { aStream } from './a-stream.ts';

const here = 'us-east-1';
const HOUR = 3_600_000;
/** Ids of notes whose partition keys are in the lower half of all hashes, and in the upper one. */
const [lower, upper] = ['note/LOW', 'note/UP'];

describe('a table stream of several shards', () => {
  it('delivers the records of each shard in order, and shards independently of each other', async () => {
    const { push, settle, deliveries } = aStream(undefined, 0, { shards: 2 });

    push(6, lower);
    push(3, upper, 101);
    await settle();

    expect(deliveries).toEqual([
      { at: 0, positions: [1, 2, 3, 4] },
      { at: 0, positions: [101, 102, 103] },
      { at: 10, positions: [5, 6] },
    ]);
  });

  it('continues with other shards while a record of one of them fails', async () => {
    const { push, settle, positions } = aStream((batch, n) => (n < 3 && batch.includes(1) ? [1] : []), 0, {
      shards: 2,
    });
    push(1, lower);
    push(1, upper, 101);
    await settle();
    expect(positions()).toEqual([[1], [101], [1]]);
  });

  it('delivers what was written after a split only once everything before it is processed', async () => {
    const { stream, push, settle, deliveries, activity } = aStream(
      (batch, n) => (n === 1 && batch.includes(1) ? [1] : []),
      0,
      {
        batchSize: 2,
      },
    );

    push(1, lower);
    push(2, upper, 101);
    stream.split();
    push(1, lower, 2);
    push(1, upper, 103);
    stream.split(1);
    push(1, upper, 104);
    await settle();

    expect(deliveries.slice(0, 4).map(({ positions }) => positions)).toEqual([[1, 101], [1], [101], [102]]);
    const later = deliveries.slice(4).flatMap(({ positions }) => positions);
    expect(later.toSorted()).toEqual([103, 104, 2]);
    expect(later.indexOf(103)).toBeLessThan(later.indexOf(104));
    expect(activity.idle).toBe(true);
  });

  it('splits a shard that has no records, and none that is not there', async () => {
    const { stream, push, settle, positions } = aStream();
    stream.split();
    push(1, lower);
    push(1, upper, 101);
    await settle();
    expect(positions().flat().toSorted()).toEqual([1, 101]);
    expect(() => stream.split(2)).toThrow('no open shard 2');
  });
});

describe('a table stream that redelivers a batch', () => {
  it('does so minutes later, after later records, and once', async () => {
    const { push, settle, deliveries, weather, scheduler, activity } = aStream();
    weather.set('stream.again', 1, here);
    push(2);
    await scheduler.run(1000);
    weather.calm();
    push(1, lower, 3);
    await settle();

    expect(deliveries.map(({ positions }) => positions)).toEqual([[1, 2], [3], [1, 2]]);
    expect(deliveries[2]?.at).toBeGreaterThanOrEqual(60_000);
    expect([weather.counts.get('stream.again'), activity.idle]).toEqual([1, true]);
  });

  it('retries it as it retries any batch', async () => {
    const { push, settle, positions, weather, failures } = aStream((_batch, delivery) => (delivery === 2 ? [2] : []));
    weather.set('stream.again', 1, here);
    push(3);
    await settle();
    expect(positions()).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [2, 3],
    ]);
    expect(failures()).toEqual([]);
  });
});

describe('a table stream whose function is throttled', () => {
  it('retries a batch as it is, however often, until it is too old', async () => {
    const { push, settle, positions, weather, scheduler, failures } = aStream();
    weather.set('lambda.throttled', 1, here);
    push(3);
    await scheduler.run(60_000);
    weather.calm();
    await settle();
    expect([positions(), failures()]).toEqual([[[1, 2, 3]], []]);

    weather.set('lambda.throttled', 1, here);
    push(3);
    await scheduler.run(HOUR + 1000);
    await settle();
    expect(failures()).toEqual([1, 2, 3]);
  });
});

describe('a table stream that is paused', () => {
  it('delivers its records once it is resumed', async () => {
    const { stream, push, scheduler, settle, deliveries } = aStream(undefined, 0, { shards: 2 });
    stream.pause();
    push(2, lower);
    stream.split();
    push(1, lower, 3);
    await scheduler.run(1000);
    expect(deliveries).toEqual([]);
    stream.resume();
    await settle();
    expect(deliveries).toEqual([
      { at: 1000, positions: [1, 2] },
      { at: 1010, positions: [3] },
    ]);
  });

  it('loses the records that are older than the retention of 24 hours by then', async () => {
    const { stream, push, scheduler, settle, positions, failures, activity } = aStream();
    stream.pause();
    push(2);
    await scheduler.run(HOUR);
    push(1, 'note/a', 3);
    await scheduler.run(TABLE_STREAM_RETENTION_S * 1000 - HOUR + 1000);
    stream.resume();
    await settle();
    expect(positions()).toEqual([[3]]);
    expect([stream.trimmed, failures(), activity.idle]).toEqual([2, [], true]);
  });
});

import { describe, expect, it } from 'vitest';
import { dynamoDbClient } from '../../../adapters/dynamodb/client.ts';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { serverClock } from '../../../adapters/dynamodb/server-clock.ts';
import { credentials, stubServer } from '../stub-server.ts';

describe("DynamoDB's clock", () => {
  it('is known from its latest response, and a jump of the own clock since then is detected', async () => {
    const dates = ['Mon, 01 Jan 2001 00:00:00 GMT', 'Mon, 01 Jan 2001 01:00:00 GMT', 'not a date'];
    const { endpoint } = await stubServer((_, index) => ({
      headers: { date: dates[index] ?? '' },
      body: JSON.stringify({ Items: [] }),
    }));
    const client = dynamoDbClient({ endpoint, region: 'us-east-1', credentials });
    const time = { now: Date.UTC(2001, 0, 1, 1, 0, 5), elapsed: 0 };
    const clockAhead = serverClock(
      client,
      () => time.now,
      () => time.elapsed,
    );
    const store = dynamoDbEventStore(client, 'events');
    expect(clockAhead()).toBe(0);
    const seen: number[] = [];
    for (const _ of dates) {
      await store.load('note/1');
      seen.push(clockAhead());
    }
    expect(seen).toEqual([3_605_000, 5_000, 5_000]);
    time.now += 60_000;
    time.elapsed += 60_000;
    expect(clockAhead()).toBe(5_000);
    time.now += 3_600_000;
    expect(clockAhead()).toBe(3_605_000);
  });
});

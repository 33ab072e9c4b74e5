import { beforeAll, expect, test } from 'vitest';
import { dynamoDbDecisions } from '../../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { dynamoDbSightings } from '../../../adapters/dynamodb/sightings.ts';
import { dynamoDbViewStore } from '../../../adapters/dynamodb/view-store.ts';
import { finalOf } from '../../../core/facts/decision.ts';
import { handleMessages } from '../../../core/index.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { aCommit, anIntent, aStream } from '../../contract/commits.ts';
import { aDecision, anAbort, aTransactionId } from '../../contract/decisions.ts';
import { describeWithDynamoDbLocal } from '../../contract/dynamodb-local.ts';
import { dynamoDbTally } from '../../contract/tally.ts';
import { fakeRuntime } from '../../runtime.ts';
import { refusal, type StubAnswer, type StubRequest, stubServer } from '../stub-server.ts';

/** `answer lost`: the request takes effect, but its response is lost. */
type Fault = 'answer lost' | 'throttled' | 'broken' | 'none';

describeWithDynamoDbLocal('DynamoDB adapters behind a faulty connection', (local) => {
  let table: string;
  beforeAll(async () => {
    table = await local().createTable();
  });

  const forward = async ({ body, headers }: StubRequest): Promise<Exclude<StubAnswer, string>> => {
    const answer = await fetch(local().endpoint, {
      method: 'POST',
      body,
      headers: {
        authorization: headers.authorization ?? '',
        'content-type': headers['content-type'] ?? '',
        'x-amz-target': String(headers['x-amz-target']),
        'x-amz-date': String(headers['x-amz-date']),
      },
    });
    return { status: answer.status, body: await answer.text() };
  };

  /** The adapters behind a connection with these faults, one per request, and no faults after that. */
  const behind = async (...faults: readonly Fault[]) => {
    const { endpoint, requests } = await stubServer(async (request, index) => {
      const fault = faults[index] ?? 'none';
      if (fault === 'throttled') return refusal('ProvisionedThroughputExceededException', 'too fast');
      if (fault === 'broken') return refusal('InternalServerError', 'broken', 500);
      const answer = await forward(request);
      return fault === 'answer lost' ? 'lost' : answer;
    });
    const client = local().client(endpoint);
    return {
      requests,
      events: dynamoDbEventStore(client, table),
      decisions: dynamoDbDecisions(client, table, { strong: true }),
      views: dynamoDbViewStore(client, table),
      sightings: dynamoDbSightings(client, table),
      tally: dynamoDbTally(client, table),
    };
  };

  const stored = (stream: string) => dynamoDbEventStore(local().client(), table).load(stream);

  test('a put whose response is lost finds its own commit on retry, and is stored once', async () => {
    const { events, requests } = await behind('answer lost');
    const commit = aCommit({ stream: aStream() });
    expect(await events.put(commit)).toEqual(commit);
    expect(requests).toHaveLength(2);
    expect(await stored(commit.stream)).toEqual([commit]);
  });

  test('a put that is throttled or fails is retried, and is stored once', async () => {
    const { events, requests } = await behind('throttled', 'broken');
    const commit = aCommit({ stream: aStream() });
    expect(await events.put(commit)).toBeUndefined();
    expect(requests).toHaveLength(3);
    expect(await stored(commit.stream)).toEqual([commit]);
  });

  test('a put whose responses are all lost is unavailable; putting the commit again returns the stored commit', async () => {
    const { events } = await behind('answer lost', 'answer lost', 'answer lost');
    const commit = aCommit({ stream: aStream() });
    await expect(events.put(commit)).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      cause: expect.any(Error),
    });
    expect(await events.put(commit)).toEqual(commit);
    expect(await stored(commit.stream)).toEqual([commit]);
  });

  test('a put that is throttled permanently is unavailable, and nothing is stored', async () => {
    const { events } = await behind('throttled', 'throttled', 'throttled');
    const commit = aCommit({ stream: aStream() });
    await expect(events.put(commit)).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      cause: { name: 'ProvisionedThroughputExceededException' },
    });
    expect(await stored(commit.stream)).toEqual([]);
  });

  test('a load continues after throttling and lost responses, and is unavailable if they persist', async () => {
    const commit = aCommit({ stream: aStream() });
    const { events } = await behind('none', 'throttled', 'answer lost', 'none', 'broken', 'broken', 'broken');
    await events.put(commit);
    expect(await events.load(commit.stream)).toEqual([commit]);
    await expect(events.load(commit.stream)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  const unavailable = { code: 'unavailable', retryable: true };

  test('an intent whose finalising response is lost is final', async () => {
    const intent = anIntent({ stream: aStream() });
    const { events, requests } = await behind('none', 'answer lost', 'throttled', 'none');
    await events.put(intent);
    await events.finalise(intent, 'committed');
    expect(requests).toHaveLength(4);
    expect(await stored(intent.stream)).toEqual([finalOf(intent, 'committed')]);
  });

  test('an intent whose finalising responses are all lost is unavailable; finalising it again succeeds', async () => {
    const intent = anIntent({ stream: aStream() });
    const { events } = await behind('none', 'answer lost', 'answer lost', 'answer lost');
    await events.put(intent);
    await expect(events.finalise(intent, 'aborted')).rejects.toMatchObject(unavailable);
    await events.finalise(intent, 'aborted');
    await expect(events.finalise(intent, 'committed')).rejects.toMatchObject({ code: 'internal' });
    expect(await stored(intent.stream)).toEqual([finalOf(intent, 'aborted')]);
  });

  const aWrite = () => {
    const transaction = aTransactionId();
    const commits = [1, 2].map(() => aCommit({ stream: aStream(), commitId: `${transaction}#1` }));
    return { commits, free: [], decision: aDecision({ transaction }) };
  };
  const isWritten = async ({ commits, decision }: ReturnType<typeof aWrite>) => {
    for (const commit of commits) expect(await stored(commit.stream)).toEqual([commit]);
    expect(await dynamoDbEventStore(local().client(), table).findDecision(decision.transaction)).toEqual(decision);
  };

  test('a transaction whose response is lost, or that is throttled or fails, is written once, and reported as written', async () => {
    for (const faults of [['answer lost'], ['throttled', 'broken']] as const) {
      const { events, requests } = await behind(...faults);
      const write = aWrite();
      expect(await events.transact(write)).toBeUndefined();
      expect(requests).toHaveLength(faults.length + 1);
      await isWritten(write);
    }
  });

  test('a transaction whose responses are all lost is unavailable; sending it again returns its own outcome', async () => {
    const { events } = await behind('answer lost', 'answer lost', 'answer lost');
    const write = aWrite();
    await expect(events.transact(write)).rejects.toMatchObject(unavailable);
    expect(await events.transact(write)).toMatchObject({ decision: write.decision, taken: write.commits });
    await isWritten(write);
  });

  test('a transaction that is throttled permanently is unavailable, and nothing of it is written', async () => {
    const { events } = await behind('throttled', 'throttled', 'throttled');
    const write = aWrite();
    await expect(events.transact(write)).rejects.toMatchObject(unavailable);
    for (const { stream } of write.commits) expect(await stored(stream)).toEqual([]);
    expect(await events.findDecision(write.decision.transaction)).toBeUndefined();
  });

  test('an outcome or a decision whose response is lost is found on retry, and is not overwritten', async () => {
    const { events, decisions } = await behind('answer lost', 'none', 'throttled', 'answer lost', 'none', 'broken');
    const outcome = anAbort({ transaction: aTransactionId() });
    expect(await events.putDecision(outcome)).toEqual(outcome);
    expect(await decisions.put(outcome)).toEqual(outcome);
    expect(await decisions.find(outcome.transaction, 1)).toEqual(outcome);
    expect(await events.findDecision(outcome.transaction)).toEqual(outcome);
  });

  test('a decision whose responses are all lost is unavailable; putting another decision then returns the stored one', async () => {
    const { decisions } = await behind('answer lost', 'answer lost', 'answer lost');
    const decision = aDecision({ transaction: aTransactionId() });
    await expect(decisions.put(decision)).rejects.toMatchObject(unavailable);
    expect(await decisions.put(anAbort({ transaction: decision.transaction }))).toEqual(decision);
    expect(await decisions.attempts(decision.transaction)).toEqual([decision]);
  });

  test('an event whose effect is throttled, or whose response is lost, takes effect once', async () => {
    const { tally, requests } = await behind('none', 'throttled', 'answer lost');
    const stream = aStream();
    const handle = ({ id }: { readonly id: string }) => [{ key: stream, sums: { [id]: 1 } }];
    const ports = { from: 'beginning', progress: tally.progress, runtime: fakeRuntime(), handle } as const;
    const bodies = entriesOf(aCommit({ stream })).map(({ detailType, detail }) =>
      JSON.stringify({ 'detail-type': detailType, detail: JSON.parse(detail) }),
    );
    expect(await handleMessages(ports, bodies)).toEqual([undefined]);
    // A read of the progress, three attempts of the transaction, a read of the parked events.
    expect(requests).toHaveLength(5);
    const lost = await behind('none', 'answer lost', 'answer lost', 'answer lost');
    const other = aStream();
    const unanswered = { ...ports, progress: lost.tally.progress };
    const second = bodies.map((body) => body.replaceAll(stream, other));
    expect(await handleMessages(unanswered, second)).toEqual([
      expect.objectContaining({ code: 'unavailable', retryable: true }),
    ]);
    expect(await handleMessages(unanswered, second)).toEqual([undefined]);
    expect(await tally.sumsOf(stream)).toEqual({
      [`${stream}@us-east-1.1.0`]: 1,
      [`${other}@us-east-1.1.0`]: 1,
    });
  });

  test('parallel writers on a bad connection: every commit is stored once, none is lost', async () => {
    const faults = Array.from(
      { length: 60 },
      (_, i): Fault => (['answer lost', 'throttled', 'none'] as const)[i % 3] ?? 'none',
    );
    const { events } = await behind(...faults);
    const stream = aStream();
    const commits = Array.from({ length: 24 }, (_, i) => aCommit({ stream, position: i + 1 }));
    const put = async (commit: (typeof commits)[number]): Promise<void> => {
      for (;;) {
        try {
          const holder = await events.put(commit);
          expect(holder === undefined || holder.commitId === commit.commitId).toBe(true);
          return;
        } catch (error) {
          expect(error).toMatchObject({ code: 'unavailable', retryable: true });
        }
      }
    };
    await Promise.all(commits.map(put));
    expect(await stored(stream)).toEqual(commits);
  });

  const entry = { stream: 'note/1', shard: 0, version: {}, revision: 1, totals: {} };
  const delta = { key: 'red', shard: 0, sums: { count: 1 }, limit: 100 };

  test('a change of a view whose response is lost is applied once, and reported as applied', async () => {
    const { views, requests } = await behind('answer lost');
    expect(await views.apply('lost', [entry], [delta])).toBe(true);
    expect(requests).toHaveLength(2);
    expect(await views.total('lost', 1, 'red')).toEqual({ count: 1 });
  });

  test('a change of a view that is throttled is applied once', async () => {
    const { views } = await behind('throttled', 'broken');
    expect(await views.apply('throttled', [entry], [delta])).toBe(true);
    expect(await views.total('throttled', 1, 'red')).toEqual({ count: 1 });
  });

  test('a change of a view whose responses are all lost is unavailable; an unchanged repetition is refused as stale', async () => {
    const { views } = await behind('answer lost', 'answer lost', 'answer lost');
    await expect(views.apply('gone', [entry], [delta])).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    expect(await views.apply('gone', [entry], [delta])).toBe(false);
    expect(await views.total('gone', 1, 'red')).toEqual({ count: 1 });
  });

  test('a sighting that is throttled permanently is unavailable, and retryable', async () => {
    const { sightings } = await behind('throttled', 'throttled', 'throttled');
    await expect(sightings.record('us-west-2', '018f000000000001')).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
  });

  test('a sighting whose response is lost is stored', async () => {
    const { sightings } = await behind('answer lost');
    await sightings.record('us-west-2', '018f000000000001');
    expect((await sightings.all()).get('us-west-2')).toBe('018f000000000001');
  });

  test('generations whose response is lost are stored, and reported to the writer as a lost race', async () => {
    const { views } = await behind('answer lost');
    const view = `view-${process.pid}-generations`;
    const active = { codeVersion: 1, build: 1, kind: 'rows', shards: 4 } as const;
    const next = { revision: 1, builds: 1, active, retired: [] };
    expect(await views.setGenerations(view, next)).toBe(false);
    expect(await views.generations([view])).toEqual(new Map([[view, next]]));
  });
});

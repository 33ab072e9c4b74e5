import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { sortKey, toImage } from '../../../adapters/dynamodb/commit-item.ts';
import { decisionKey, oneRegionKey, toDecisionItem } from '../../../adapters/dynamodb/decision-item.ts';
import { changeOf } from '../../../adapters/dynamodb/table-change.ts';
import { memorySightings } from '../../../adapters/memory/sightings.ts';
import type { BusEntry, Commit, Decision, DelayedMessage } from '../../../core/index.ts';
import { makeHandler, type RelayHandlerPorts } from '../../../lambdas/relay/handler.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aBusyAttempt, aDecision, anAbort } from '../../contract/decisions.ts';
import { unconcerned } from '../../core/unconcerned.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';

function commitAt(position: number, of: Partial<Commit> = {}): Commit {
  return aCommit({ stream: 'note/a', position, meta: {}, ...of });
}

function record(sequence: number, commit: Commit, of: Partial<DynamoDBRecord> = {}): DynamoDBRecord {
  return {
    eventName: 'INSERT',
    dynamodb: {
      Keys: { pk: { S: commit.stream }, sk: { S: sortKey(commit.log, commit.position) } },
      NewImage: toImage(commit),
      SequenceNumber: `s${sequence}`,
    },
    ...of,
  };
}

function decisionRecord(sequence: number, key: ReturnType<typeof decisionKey>, decision: Decision): DynamoDBRecord {
  const { pk, sk, ...image } = toDecisionItem(key, decision);
  const Keys = { pk: { S: pk.S }, sk: { S: sk.S } };
  // The types of the SDK and of Lambda's events differ.
  const NewImage: NonNullable<DynamoDBRecord['dynamodb']>['NewImage'] = JSON.parse(
    JSON.stringify({ ...Keys, ...image }),
  );
  return { eventName: 'INSERT', dynamodb: { Keys, ...(NewImage && { NewImage }), SequenceNumber: `s${sequence}` } };
}

const keysSchema = z.object({ keys: z.array(z.object({ stream: z.string(), log: z.string(), position: z.number() })) });

function aRelay(ports: Partial<RelayHandlerPorts> = {}) {
  const entries: BusEntry[] = [];
  const bodies: string[] = [];
  const delayed: DelayedMessage[] = [];
  const runtime = fakeRuntime();
  const telemetry = recordedTelemetry();
  const sightings = memorySightings();
  const handler = makeHandler({
    region: 'us-east-1',
    regions: ['us-east-1', 'us-west-2'],
    log: 'us-east-1',
    logs: ['us-east-1', 'us-west-2'],
    ...unconcerned,
    projectedTypes: new Set(['note']),
    bus: {
      put: async (batch) => {
        entries.push(...batch);
        return batch.map(() => undefined);
      },
    },
    projection: {
      send: async (batch) => {
        bodies.push(...batch);
        return batch.map(() => undefined);
      },
    },
    quarantine: {
      send: async () => {
        throw new Error('Nothing is refused.');
      },
    },
    resolver: {
      send: async (batch) => {
        delayed.push(...batch);
        return batch.map(() => undefined);
      },
    },
    sightings,
    runtime,
    changeOf,
    telemetry,
    ...ports,
  });
  return {
    lines: telemetry.lines,
    runtime,
    sightings,
    relay: async (records: DynamoDBRecord[]) =>
      (await handler({ Records: records }, context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    published: () => entries.map(({ detail }) => z.object({ id: z.string() }).parse(JSON.parse(detail)).id),
    announced: () => entries.filter(({ source }) => source === 'meridian.tx').map(({ detailType }) => detailType),
    armed: () => delayed.map(({ body, delay }) => ({ ...z.looseObject({}).parse(JSON.parse(body)), delay })),
    projected: () =>
      bodies.flatMap((body) =>
        keysSchema.parse(JSON.parse(body)).keys.map(({ log, position }) => `${log}.${position}`),
      ),
  };
}

describe('relay', () => {
  it('publishes the events of commits written here, and notifies the projector of the commits of every Region', async () => {
    const { relay, published, projected, sightings, lines } = aRelay();
    const [event] = commitAt(1).events;
    const two = commitAt(1, { events: [event, event].flatMap((each) => each ?? []) });

    const failed = await relay([
      record(1, two),
      record(2, commitAt(1, { log: 'us-west-2', region: 'us-west-2' })),
      record(3, commitAt(2, { stream: 'stock/a' })),
    ]);

    expect(failed).toEqual([]);
    expect(lines).toEqual([]);
    expect(published()).toEqual(['note/a@us-east-1.1.0', 'note/a@us-east-1.1.1', 'stock/a@us-east-1.2.0']);
    expect(projected()).toEqual(['us-east-1.1', 'us-west-2.1']);
    expect(await sightings.all()).toEqual(
      new Map([
        ['us-east-1', commitAt(2).hlc],
        ['us-west-2', commitAt(1).hlc],
      ]),
    );
  });

  it('ignores records of changed and removed items', async () => {
    const { relay, published, projected } = aRelay();

    const failed = await relay([
      record(1, commitAt(1), { eventName: 'MODIFY' }),
      record(2, commitAt(2), { eventName: 'REMOVE', dynamodb: { SequenceNumber: 's2' } }),
      record(3, commitAt(3)),
    ]);

    expect(failed).toEqual([]);
    expect(published()).toEqual(['note/a@us-east-1.3.0']);
    expect(projected()).toEqual(['us-east-1.3']);
  });

  it('hides prepared intents from readers, and has the resolver check them after their deadline', async () => {
    const { relay, published, projected, armed, runtime } = aRelay();
    const intent = {
      meta: {},
      stream: 'note/a',
      tx: { state: 'prepared' as const, deadline: runtime.now() + 30_000 },
    };

    const failed = await relay([
      record(1, anIntent(intent)),
      record(2, anIntent({ ...intent, log: 'us-west-2', region: 'us-west-2' })),
    ]);

    expect(failed).toEqual([]);
    expect([published(), projected()]).toEqual([[], []]);
    expect(armed()).toEqual([
      {
        kind: 'intent',
        stream: 'note/a',
        log: 'us-east-1',
        position: anIntent().position,
        attemptId: anIntent().commitId,
        delay: expect.any(Number),
      },
    ]);
    expect(armed()[0]?.delay).toBeGreaterThanOrEqual(30_000);
  });

  it('publishes an intent once it is committed, but never an aborted one, and notifies the projector of both', async () => {
    const { relay, published, projected, armed } = aRelay();
    const intent = (state: 'prepared' | 'committed' | 'aborted', position: number) =>
      anIntent({ stream: 'note/a', position, meta: {}, tx: { state, deadline: 0 } });
    const finalised = (sequence: number, state: 'committed' | 'aborted'): DynamoDBRecord => {
      const { dynamodb } = record(sequence, intent(state, sequence));
      const OldImage = toImage(intent('prepared', sequence));
      return { eventName: 'MODIFY', dynamodb: { ...dynamodb, OldImage } };
    };

    // An intent that was committed before it was replicated to here arrives as an insert.
    const failed = await relay([finalised(1, 'committed'), finalised(2, 'aborted'), record(3, intent('committed', 3))]);

    expect(failed).toEqual([]);
    expect(published().map((id) => id.replace(/\.\d+$/, ''))).toEqual(
      expect.arrayContaining(['note/a@us-east-1.1', 'note/a@us-east-1.3']),
    );
    expect(published().filter((id) => id.includes('us-east-1.2'))).toEqual([]);
    // An aborted intent may unblock the commits behind it.
    expect(projected()).toEqual(['us-east-1.1', 'us-east-1.2', 'us-east-1.3']);
    expect(armed()).toEqual([]);
  });

  it('announces only the outcomes of transactions driven here, from both tables', async () => {
    const { relay, announced, projected } = aRelay();
    const { transaction } = aDecision();

    const failed = await relay([
      decisionRecord(1, decisionKey(transaction, 1), aDecision()),
      decisionRecord(2, decisionKey('us-west-2:a', 1), aDecision({ transaction: 'us-west-2:a', region: 'us-west-2' })),
      decisionRecord(3, oneRegionKey(transaction), anAbort()),
      { ...decisionRecord(4, decisionKey(transaction, 2), anAbort({ attempt: 2 })), eventName: 'REMOVE' },
    ]);

    expect(failed).toEqual([]);
    expect(announced()).toEqual(['TransactionCommitted', 'TransactionAborted']);
    expect(projected()).toEqual([]);
  });

  it('does not announce an attempt that another one is to follow, and has the resolver check whether that began', async () => {
    const { relay, announced, armed, runtime } = aRelay();
    const busy = aBusyAttempt({ decidedAt: runtime.now(), remaining: 20_000 });

    expect(await relay([decisionRecord(1, decisionKey(busy.transaction, 1), busy)])).toEqual([]);

    expect(announced()).toEqual([]);
    expect(armed()).toMatchObject([
      { kind: 'attempt', transaction: busy.transaction, attempt: 2, fingerprint: busy.fingerprint },
    ]);
    expect(armed()[0]?.delay).toBeGreaterThanOrEqual(20_000);
  });

  it('fails only the record of an intent for which the resolver’s queue refuses the message', async () => {
    const { relay, published } = aRelay({
      resolver: {
        send: async () => {
          throw new Error('no such queue');
        },
      },
    });

    const failed = await relay([
      record(1, commitAt(1)),
      record(2, anIntent({ stream: 'note/a', position: 2, meta: {} })),
    ]);

    expect(failed).toEqual(['s2']);
    expect(published()).toEqual(['note/a@us-east-1.1.0']);
  });

  it('fails a record that is not a commit, and sends nothing for the records after it, which are redelivered', async () => {
    const { relay, published, lines } = aRelay();

    const failed = await relay([
      record(1, commitAt(1)),
      record(2, commitAt(2), { dynamodb: { SequenceNumber: 's2', NewImage: { pk: { S: 'note/a' } } } }),
      record(3, commitAt(3), { dynamodb: { SequenceNumber: 's3' } }),
      record(4, commitAt(4)),
    ]);

    expect(failed).toEqual(['s2', 's3']);
    expect(published()).toEqual(['note/a@us-east-1.1.0']);
    expect(lines).toMatchObject([{ details: { why: expect.stringMatching('not a commit') } }, {}]);
  });

  it('fails only a record whose event the bus refuses, after retrying the event alone', async () => {
    const taken: string[] = [];
    let refused = 0;
    const { relay, projected } = aRelay({
      bus: {
        put: async (batch) =>
          batch.map(({ detail }) => {
            if (detail.includes('us-east-1.2.0')) {
              refused++;
              return 'ThrottlingException: slow down';
            }
            taken.push(detail);
            return undefined;
          }),
      },
    });

    const failed = await relay([1, 2, 3].map((position) => record(position, commitAt(position))));

    expect(failed).toEqual(['s2']);
    expect(refused).toBe(4);
    expect(taken).toHaveLength(2);
    expect(projected()).toHaveLength(3);
  });

  it('publishes an entry that failed in its batch and succeeds alone', async () => {
    const calls: number[] = [];
    const { relay } = aRelay({
      bus: {
        put: async (batch) => {
          calls.push(batch.length);
          return batch.map(() => (batch.length > 1 ? 'InternalFailure' : undefined));
        },
      },
    });

    expect(await relay([1, 2].map((position) => record(position, commitAt(position))))).toEqual([]);
    expect(calls).toEqual([2, 1, 1]);
  });

  it('fails records whose keys the projection queue refuses', async () => {
    const { relay, published } = aRelay({
      projection: {
        send: async () => {
          throw new Error('no such queue');
        },
      },
    });

    expect(await relay([record(1, commitAt(1)), record(2, commitAt(2, { stream: 'stock/a' }))])).toEqual(['s1']);
    expect(published()).toHaveLength(2);
  });
});

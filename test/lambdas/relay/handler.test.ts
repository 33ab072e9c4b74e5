import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { fromImage, sortKey, toImage } from '../../../adapters/dynamodb/commit-item.ts';
import { memorySightings } from '../../../adapters/memory/sightings.ts';
import type { BusEntry, Commit } from '../../../core/index.ts';
import { makeHandler, type RelayHandlerPorts } from '../../../lambdas/relay/handler.ts';
import { aCommit } from '../../contract/commits.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';

const commitAt = (position: number, of: Partial<Commit> = {}): Commit =>
  aCommit({ stream: 'flight/a', position, meta: {}, ...of });

const record = (sequence: number, commit: Commit, of: Partial<DynamoDBRecord> = {}): DynamoDBRecord => ({
  eventName: 'INSERT',
  dynamodb: {
    Keys: { pk: { S: commit.stream }, sk: { S: sortKey(commit.log, commit.position) } },
    NewImage: toImage(commit),
    SequenceNumber: `s${sequence}`,
  },
  ...of,
});

const keysShape = z.object({ keys: z.array(z.object({ stream: z.string(), log: z.string(), position: z.number() })) });

const aRelay = (ports: Partial<RelayHandlerPorts> = {}) => {
  const entries: BusEntry[] = [];
  const bodies: string[] = [];
  const telemetry = recordedTelemetry();
  const sightings = memorySightings();
  const handler = makeHandler({
    region: 'us-east-1',
    projectedTypes: new Set(['flight']),
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
    sightings,
    runtime: fakeRuntime(),
    commitOf: fromImage,
    telemetry,
    ...ports,
  });
  return {
    lines: telemetry.lines,
    sightings,
    relay: async (records: DynamoDBRecord[]) =>
      (await handler({ Records: records }, context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    published: () => entries.map(({ detail }) => z.object({ id: z.string() }).parse(JSON.parse(detail)).id),
    projected: () =>
      bodies.flatMap((body) => keysShape.parse(JSON.parse(body)).keys.map(({ log, position }) => `${log}.${position}`)),
  };
};

describe('relay', () => {
  it('publishes the events of commits written here, and tells the projector of every Region’s', async () => {
    const { relay, published, projected, sightings, lines } = aRelay();
    const [event] = commitAt(1).events;
    const two = commitAt(1, { events: [event, event].flatMap((each) => each ?? []) });

    const failed = await relay([
      record(1, two),
      record(2, commitAt(1, { log: 'us-west-2', region: 'us-west-2' })),
      record(3, commitAt(2, { stream: 'seats/a' })),
    ]);

    expect(failed).toEqual([]);
    expect(lines).toEqual([]);
    expect(published()).toEqual(['flight/a@us-east-1.1.0', 'flight/a@us-east-1.1.1', 'seats/a@us-east-1.2.0']);
    expect(projected()).toEqual(['us-east-1.1', 'us-west-2.1']);
    expect(await sightings.all()).toEqual(
      new Map([
        ['us-east-1', commitAt(2).hlc],
        ['us-west-2', commitAt(1).hlc],
      ]),
    );
  });

  it('passes over records of changed and removed items', async () => {
    const { relay, published, projected } = aRelay();

    const failed = await relay([
      record(1, commitAt(1), { eventName: 'MODIFY' }),
      record(2, commitAt(2), { eventName: 'REMOVE', dynamodb: { SequenceNumber: 's2' } }),
      record(3, commitAt(3)),
    ]);

    expect(failed).toEqual([]);
    expect(published()).toEqual(['flight/a@us-east-1.3.0']);
    expect(projected()).toEqual(['us-east-1.3']);
  });

  it('fails a record that is no commit, and sends nothing of what is delivered again behind it', async () => {
    const { relay, published, lines } = aRelay();

    const failed = await relay([
      record(1, commitAt(1)),
      record(2, commitAt(2), { dynamodb: { SequenceNumber: 's2', NewImage: { pk: { S: 'flight/a' } } } }),
      record(3, commitAt(3), { dynamodb: { SequenceNumber: 's3' } }),
      record(4, commitAt(4)),
    ]);

    expect(failed).toEqual(['s2', 's3']);
    expect(published()).toEqual(['flight/a@us-east-1.1.0']);
    expect(lines).toMatchObject([{ details: { why: expect.stringMatching('not a commit') } }, {}]);
  });

  it('has a record delivered again whose event the bus refuses, after trying it alone, and no other', async () => {
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

  it('publishes what failed in its batch and is taken alone', async () => {
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

  it('has records delivered again of which the projection queue does not take the keys', async () => {
    const { relay, published } = aRelay({
      projection: {
        send: async () => {
          throw new Error('no such queue');
        },
      },
    });

    expect(await relay([record(1, commitAt(1)), record(2, commitAt(2, { stream: 'seats/a' }))])).toEqual(['s1']);
    expect(published()).toHaveLength(2);
  });
});

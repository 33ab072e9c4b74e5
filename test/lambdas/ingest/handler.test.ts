import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { APPEND, type BusEntry, COMMAND, type IngestPorts, MeridianError, TRANSACT } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/ingest/handler.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry, sqsEvent } from '../invocation.ts';
import { transactionPorts } from '../transaction-ports.ts';

const noted = { type: 'Noted', data: { text: 'red' } };
function body(detail: unknown, detailType: string = APPEND): string {
  return JSON.stringify({ version: '0', id: 'e', 'detail-type': detailType, source: 'producer', detail });
}
function appendOf(id: string, stream = 'note/a') {
  return body({ id, stream, events: [noted] });
}

const detailSchema = z.looseObject({ id: z.string(), problem: z.looseObject({ code: z.string() }).optional() });
const keptSchema = z.object({ reason: z.string(), body: z.string() });

function anIngest(ports: Partial<IngestPorts> = {}) {
  const entries: BusEntry[] = [];
  const kept: string[] = [];
  const runtime = fakeRuntime();
  const telemetry = recordedTelemetry();
  const events = memoryEventStore();
  const handler = makeHandler({
    domain: toyDomain,
    region: 'us-east-1',
    regions: ['us-east-1', 'us-west-2'],
    log: 'us-east-1',
    events,
    bus: {
      put: async (batch) => {
        entries.push(...batch);
        return batch.map(() => undefined);
      },
    },
    quarantine: {
      send: async (bodies) => {
        kept.push(...bodies);
        return bodies.map(() => undefined);
      },
    },
    ingest: {
      send: async () => {
        throw new Error('Nothing is held up.');
      },
    },
    ...transactionPorts(),
    runtime,
    warm: new Map(),
    telemetry,
    ...ports,
  });
  return {
    events,
    runtime,
    lines: telemetry.lines,
    /** @returns the indexes of the bodies to be redelivered */
    ingest: async (bodies: readonly string[]) =>
      (await handler(sqsEvent(bodies), context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    outcomes: () =>
      entries.map(({ detailType, detail }) => {
        const { id, problem } = detailSchema.parse(JSON.parse(detail));
        return [detailType, id, ...(problem ? [problem.code] : [])];
      }),
    entries,
    quarantined: () => kept.map((text) => keptSchema.parse(JSON.parse(text))),
  };
}

describe('ingest', () => {
  it("appends producers' messages, and publishes receipts", async () => {
    const { ingest, events, entries, lines } = anIngest();

    const failed = await ingest([
      appendOf('a'),
      body({ id: 'b', stream: 'note/a', command: 'note', input: { text: 'blue' } }, COMMAND),
    ]);

    expect(failed).toEqual([]);
    expect(lines).toEqual([]);
    expect(await events.load('note/a')).toMatchObject([{ commitId: 'a' }, { commitId: 'b' }]);
    expect(entries.map(({ source, detailType }) => [source, detailType])).toEqual([
      ['meridian.receipt', 'Accepted'],
      ['meridian.receipt', 'Accepted'],
    ]);
    expect(JSON.parse(entries[1]?.detail ?? '')).toEqual({
      id: 'b',
      stream: 'note/a',
      version: expect.any(String),
      log: 'us-east-1',
      position: 2,
    });
  });

  it('counts every message of a batch once: accepted, rejected, quarantined or to be redelivered', async () => {
    const { ingest, outcomes, quarantined, runtime, lines } = anIngest();

    const failed = await ingest([
      'not JSON',
      appendOf('a'),
      body({ stream: 'note/a', events: [noted] }),
      body({ id: 'with blank', stream: 'note/a', events: [noted] }),
      body({ id: 'b', stream: 'boat/a', events: [noted] }),
      body({ id: 'c', stream: 'note/a', events: [{ type: 'Noted', data: {} }] }),
      body({ id: 'd', stream: 'stock/1', command: 'take', input: 'p' }, COMMAND),
      body({ id: 'e', stream: 'stock/none', command: 'take', input: 'p' }, COMMAND),
      body(5),
      body({ id: 'f', stream: 'note/a', events: [noted] }, 'meridian.other'),
      appendOf('g', 'note/b'),
    ]);

    expect(failed).toEqual(['message-6']);
    expect(lines).toMatchObject([
      { level: 'warn', details: { id: 'message-6', why: expect.stringMatching('us-west-2') } },
    ]);
    expect(outcomes()).toEqual([
      ['Accepted', 'a'],
      ['Rejected', 'b', 'unknown-stream-type'],
      ['Rejected', 'c', 'validation'],
      ['Rejected', 'e', 'rejected'],
      ['Accepted', 'g'],
    ]);
    expect(quarantined().map(({ reason }) => reason)).toEqual([
      expect.stringMatching('not JSON'),
      expect.stringMatching('no usable id'),
      expect.stringMatching('no usable id'),
      expect.stringMatching('not an EventBridge event'),
      expect.stringMatching('not an EventBridge event'),
    ]);
    expect(quarantined()[0]?.body).toBe('not JSON');
    expect(Object.fromEntries(runtime.metrics)).toMatchObject({ Accepted: 2, Rejected: 3, Quarantined: 5 });
  });

  it('runs transactions without announcing their outcomes, and has an undecided transaction redelivered', async () => {
    const { ingest, events, entries, lines } = anIngest();
    const taking = (id: string) => ({ stream: `stock/${id}`, command: 'take', input: 'p' });
    const [east, west] = ['0', '1'].map(taking);

    const failed = await ingest([
      body({ id: 'us-east-1:a', participants: [east] }, TRANSACT),
      body({ id: 'us-east-1:b', participants: [east, west] }, TRANSACT),
      body({ id: 'us-east-1:c', participants: [east, east] }, TRANSACT),
      body({ id: 'us-east-1:d', participants: [taking('none')] }, TRANSACT),
    ]);

    // The state machine of this test does nothing.
    expect(failed).toEqual(['message-1']);
    expect(lines).toMatchObject([{ level: 'warn', details: { why: expect.stringMatching('us-east-1:b') } }]);
    expect(await events.findDecision('us-east-1:a')).toMatchObject({ state: 'committed' });
    expect(await events.load('stock/0')).toHaveLength(1);
    expect(entries.map(({ detailType, detail }) => [detailType, JSON.parse(detail)])).toMatchObject([
      [
        'Rejected',
        { id: 'us-east-1:c', problem: { code: 'validation', faults: [{ path: 'participants[1].stream' }] } },
      ],
      ['Rejected', { id: 'us-east-1:d', problem: { code: 'validation' } }],
    ]);
  });

  it('publishes the receipt of a redelivered message again, and appends it once', async () => {
    const { ingest, events, entries } = anIngest();

    await ingest([appendOf('a'), appendOf('a')]);
    await ingest([appendOf('a')]);

    expect(new Set(entries.map(({ detail }) => detail)).size).toBe(1);
    expect(entries).toHaveLength(3);
    expect(await events.load('note/a')).toHaveLength(1);
  });

  it('rejects a repeated id with other content', async () => {
    const { ingest, outcomes } = anIngest();

    await ingest([appendOf('a'), body({ id: 'a', stream: 'note/a', events: [noted, noted] })]);

    expect(outcomes()).toEqual([
      ['Accepted', 'a'],
      ['Rejected', 'a', 'id-reused'],
    ]);
  });

  it('fails only the message whose receipt the bus refuses', async () => {
    const told: string[] = [];
    const { ingest, events } = anIngest({
      bus: {
        put: async (batch) =>
          batch.map(({ detail }) => {
            if (detail.includes('"id":"b"')) return 'InternalFailure: try again';
            told.push(detail);
            return undefined;
          }),
      },
    });

    const failed = await ingest(['a', 'b', 'c'].map((id) => appendOf(id)));

    expect(failed).toEqual(['message-1']);
    expect(told).toHaveLength(2);
    expect(await events.load('note/a')).toHaveLength(3);
  });

  it('fails only the message that the quarantine refuses', async () => {
    const { ingest, outcomes } = anIngest({
      quarantine: {
        send: async () => {
          throw new Error('no such queue');
        },
      },
    });

    expect(await ingest(['not JSON', appendOf('a')])).toEqual(['message-0']);
    expect(outcomes()).toEqual([['Accepted', 'a']]);
  });

  it('fails messages that cannot be decided because a store is throttled or broken', async () => {
    const events = memoryEventStore();
    const errors = new Map<string, Error>([
      ['note/throttled', new MeridianError('unavailable', 'throttled', { retryable: true })],
      ['note/broken', new TypeError('a bug')],
    ]);
    const { ingest, outcomes } = anIngest({
      events: {
        ...events,
        load: async (stream) => {
          const error = errors.get(stream);
          if (error) throw error;
          return events.load(stream);
        },
      },
    });

    const failed = await ingest([appendOf('a', 'note/throttled'), appendOf('b', 'note/broken'), appendOf('c')]);

    expect(failed).toEqual(['message-0', 'message-1']);
    expect(outcomes()).toEqual([['Accepted', 'c']]);
  });
});

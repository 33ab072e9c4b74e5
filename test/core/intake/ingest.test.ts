import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain } from '../../../core/definition/domain.ts';
import { defineStream } from '../../../core/definition/stream.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError, reject } from '../../../core/facts/errors.ts';
import { ingestMessages } from '../../../core/intake/ingest.ts';
import type { BatchAnswer } from '../../../core/ports/queue.ts';
import { readStream } from '../../../core/read/streams.ts';
import { APPEND, type BusEntry, COMMAND, TRANSACT } from '../../../core/wire/bus.ts';
import { decodeVersionToken } from '../../../core/wire/version-token.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { anAppend, aRegion, inTexts, noted, watched } from '../a-region.ts';

const outcomeDetailSchema = z.looseObject({ id: z.string() });

/** A Region that ingests messages, and their outcomes. */
function anIntake() {
  const outcomes: { readonly kind: string; readonly detail: z.output<typeof outcomeDetailSchema> }[] = [];
  const quarantined: { readonly reason: string; readonly body: string }[] = [];
  const waiting: string[] = [];
  return {
    ...aRegion(),
    outcomes,
    quarantined,
    /** The messages that were sent to the queue again. */
    waiting,
    ingest: {
      send: async (bodies: readonly string[]): Promise<BatchAnswer> => {
        waiting.push(...bodies);
        return bodies.map(() => undefined);
      },
    },
    bus: {
      put: async (entries: readonly BusEntry[]): Promise<BatchAnswer> => {
        for (const { source, detailType, detail } of entries) {
          expect(source).toBe('meridian.receipt');
          outcomes.push({ kind: detailType, detail: outcomeDetailSchema.parse(JSON.parse(detail)) });
        }
        return entries.map(() => undefined);
      },
    },
    quarantine: {
      send: async (bodies: readonly string[]): Promise<BatchAnswer> => {
        quarantined.push(...bodies.map((body) => JSON.parse(body)));
        return bodies.map(() => undefined);
      },
    },
  };
}

function message(detailType: string, detail: unknown): string {
  return JSON.stringify({ 'detail-type': detailType, detail });
}
function appending(id: string, of: object = {}): string {
  return message(APPEND, { id, stream: 'note/n', events: [{ type: 'Noted', data: { text: id } }], ...of });
}
function commanding(id: string, of: object = {}): string {
  return message(COMMAND, { id, stream: 'account/us.1', command: 'deposit', input: { amount: 1 }, ...of });
}

describe('ingest', () => {
  it("appends producers' messages, and reports each append with its version", async () => {
    const us = anIntake();
    expect(await ingestMessages(us, [appending('a'), commanding('b')])).toEqual([undefined, undefined]);
    expect(us.outcomes).toEqual([
      { kind: 'Accepted', detail: { id: 'a', stream: 'note/n', version: expect.any(String), log: 'us', position: 1 } },
      {
        kind: 'Accepted',
        detail: { id: 'b', stream: 'account/us.1', version: expect.any(String), log: 'us', position: 1 },
      },
    ]);
    expect(decodeVersionToken('note/n', String(us.outcomes[0]?.detail.version), '')).toEqual({ us: 1 });
    expect(us.runtime.metrics.get('Accepted')).toBe(2);
  });

  it('accepts a command that changes nothing, without a position', async () => {
    const us = anIntake();
    await ingestMessages(us, [commanding('a', { command: 'withdraw', input: { amount: 0 } })]);
    expect(us.outcomes).toEqual([
      { kind: 'Accepted', detail: { id: 'a', stream: 'account/us.1', version: expect.any(String) } },
    ]);
  });

  it.each([
    ['a schema violation', appending('a', { events: [{ type: 'Noted', data: {} }] }), 'validation'],
    ['an unknown type', appending('a', { stream: 'nothing/x' }), 'unknown-stream-type'],
    ['an unknown event', appending('a', { events: [{ type: 'Vanished' }] }), 'unknown-event'],
    ['an unknown command', commanding('a', { command: 'vanish' }), 'unknown-command'],
    ["the domain's own refusal", commanding('a', { command: 'withdraw' }), 'rejected'],
    ['no stream', message(APPEND, { id: 'a' }), 'validation'],
    ['101 events', appending('a', { events: Array(101).fill({ type: 'Noted', data: { text: '' } }) }), 'too-large'],
    [
      'too many bytes',
      appending('a', { events: [{ type: 'Noted', data: { text: 'x'.repeat(256_000) } }] }),
      'too-large',
    ],
    ['a command sent as an append', message(APPEND, { id: 'a', stream: 'note/n', command: 'note' }), 'validation'],
    ['a property named __proto__', appending('a', { __proto__: null, constructor: 1 }), 'validation'],
  ])('rejects %s, with the problem', async (_what, body, code) => {
    const us = anIntake();
    expect(await ingestMessages(us, [body])).toEqual([undefined]);
    expect(us.outcomes).toEqual([
      { kind: 'Rejected', detail: expect.objectContaining({ id: 'a', problem: expect.objectContaining({ code }) }) },
    ]);
    expect(us.runtime.metrics.get('Rejected')).toBe(1);
    expect(us.quarantined).toEqual([]);
  });

  it('rejects an id that belongs to another request, and accepts a retry', async () => {
    const us = anIntake();
    await ingestMessages(us, [appending('a'), appending('a', { stream: 'note/n' })]);
    await ingestMessages(us, [appending('a', { events: [{ type: 'Noted', data: { text: 'other' } }] })]);
    expect(us.outcomes.map(({ kind }) => kind)).toEqual(['Accepted', 'Accepted', 'Rejected']);
    expect(us.outcomes[2]?.detail).toMatchObject({ problem: { code: 'id-reused' } });
    expect(await us.table.load('note/n')).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{"detail-type": ', 'This is not JSON'],
    ['something other than an event of the bus', '[]', 'This is not an EventBridge event'],
    ['null', 'null', 'This is not an EventBridge event'],
    ['another detail-type', message('Noted', { id: 'a' }), 'This is not an EventBridge event'],
    ['an invalid detail', message(APPEND, 'text'), 'This is not an EventBridge event'],
    ['no id', message(APPEND, { stream: 'note/n', events: [] }), 'It has no usable id'],
    ['an unusable id', appending(''), 'It has no usable id'],
  ])('quarantines %s, with the reason', async (_what, body, reason) => {
    const us = anIntake();
    expect(await ingestMessages(us, [body])).toEqual([undefined]);
    expect(us.quarantined).toEqual([{ body, reason: expect.stringContaining(reason) }]);
    expect(us.outcomes).toEqual([]);
    expect(us.runtime.metrics.get('Quarantined')).toBe(1);
  });

  it('has a message redelivered, without a receipt, if it cannot be decided now', async () => {
    const us = anIntake();
    const elsewhere = commanding('a', { stream: 'account/eu.1' });
    expect(await ingestMessages(us, [elsewhere, appending('b')])).toEqual(['There is no connection.', undefined]);
    expect(us.outcomes.map(({ detail }) => detail.id)).toEqual(['b']);
    expect(us.quarantined).toEqual([]);
  });

  it('has a message redelivered after an unexpected error, and logs the error', async () => {
    const us = anIntake();
    const fault = new TypeError('A fault inside.');
    const events = watched(us.table, () => Promise.reject(fault));
    expect(await ingestMessages({ ...us, events }, [appending('a')])).toEqual(['TypeError: A fault inside.']);
    expect(us.outcomes).toEqual([]);
    expect(us.runtime.metrics.size).toBe(0);
    expect(us.runtime.unexpectedErrors).toEqual([fault]);
  });

  it('leaves a message after an internal error of another Region, even though a retry may not help', async () => {
    const us = { ...anIntake(), remote: { invoke: () => Promise.reject(new MeridianError('internal', 'It broke.')) } };
    expect(await ingestMessages(us, [commanding('a', { stream: 'account/eu.1' })])).toEqual(['It broke.']);
    expect(us.outcomes).toEqual([]);
  });

  it('processes the messages of one stream in order', async () => {
    const us = anIntake();
    const ids = Array.from({ length: 9 }, (_, i) => `${i}`);
    await ingestMessages(
      us,
      ids.map((id) => appending(id, { stream: `note/${Number(id) % 2}` })),
    );
    expect(inTexts((await readStream(us, 'note/0')).state)).toMatchObject({ texts: ['0', '2', '4', '6', '8'] });
    expect(inTexts((await readStream(us, 'note/1')).state)).toMatchObject({ texts: ['1', '3', '5', '7'] });
    expect(us.events.calls.filter((call) => call === 'put')).toHaveLength(9);
  });

  it('has a message redelivered if its receipt could not be published, and then publishes the same receipt', async () => {
    const us = anIntake();
    const mute = { put: async (entries: readonly BusEntry[]) => entries.map(() => 'not now') };
    expect(await ingestMessages({ ...us, bus: mute }, [appending('a'), 'no JSON'])).toEqual(['not now', undefined]);
    expect(us.runtime.metrics.get('Accepted')).toBeUndefined();
    expect(await ingestMessages(us, [appending('a')])).toEqual([undefined]);
    expect(us.outcomes).toEqual([{ kind: 'Accepted', detail: expect.objectContaining({ id: 'a', position: 1 }) }]);
    expect(await us.table.load('note/n')).toHaveLength(1);
  });

  it('quarantines a message whose receipt the bus refuses permanently, with the reason', async () => {
    const us = anIntake();
    const bus = { put: async (entries: readonly BusEntry[]) => entries.map(() => ({ permanent: 'MalformedDetail' })) };
    expect(await ingestMessages({ ...us, bus }, [appending('a')])).toEqual([undefined]);
    expect(us.quarantined).toEqual([{ reason: 'The bus refused its receipt: MalformedDetail', body: appending('a') }]);
  });

  it('has a message redelivered if the quarantine refused it', async () => {
    const us = anIntake();
    const full = { send: async (bodies: readonly string[]) => bodies.map(() => 'full') };
    expect(await ingestMessages({ ...us, quarantine: full }, ['no JSON', appending('a')])).toEqual(['full', undefined]);
    expect(us.runtime.metrics.get('Quarantined')).toBeUndefined();
  });

  it('does not append a message again if it was appended before the process died', async () => {
    const us = anIntake();
    await appendToStream(us, anAppend({ commitId: 'a', operation: noted('a') }));
    us.warm.clear();
    await ingestMessages(us, [appending('a'), appending('a')]);
    expect(us.outcomes.map(({ kind }) => kind)).toEqual(['Accepted', 'Accepted']);
    expect(inTexts((await readStream(us, 'note/n')).state)).toMatchObject({ texts: ['a'] });
  });

  it('tries the messages of a stream behind one that must be redelivered, and decides other streams', async () => {
    const us = anIntake();
    const bodies = [
      commanding('far', { stream: 'account/eu.1' }),
      commanding('behind', { stream: 'account/eu.1' }),
      appending('other'),
    ];
    const answers = await ingestMessages(us, bodies);
    expect(answers).toEqual(['There is no connection.', 'There is no connection.', undefined]);
    expect(us.outcomes).toMatchObject([{ kind: 'Accepted', detail: { id: 'other' } }]);
  });

  it('tries the messages of a stream behind one that meets a bug of the domain', async () => {
    const us = anIntake();
    const fault = new TypeError('A bug of the domain.');
    const events = {
      ...us.events,
      put: async (commit: Commit) => (commit.commitId === 'bug' ? Promise.reject(fault) : us.events.put(commit)),
    };
    const answers = await ingestMessages({ ...us, events }, [appending('bug'), appending('good')]);
    expect(answers).toEqual([String(fault), undefined]);
    expect(us.outcomes).toMatchObject([{ kind: 'Accepted', detail: { id: 'good' } }]);
  });

  it('starts no message 10 s after its start, so that there is time to report the results of the others', async () => {
    const us = anIntake();
    const put = us.events.put;
    us.events.put = async (commit) => {
      us.runtime.advance(10_001);
      return put(commit);
    };
    expect(await ingestMessages(us, [appending('slow'), appending('late')])).toEqual([undefined, undefined]);
    expect(us.outcomes).toMatchObject([{ detail: { id: 'slow' } }]);
    // Each redelivery would use up a receive of a message that was not tried.
    expect(us.waiting).toEqual([appending('late')]);
    expect(us.runtime.metrics.get('HeldUp')).toBe(1);
  });

  it('has a message redelivered if it was not started and could not be sent to the queue again', async () => {
    const us = { ...anIntake(), ingest: { send: async (bodies: readonly string[]) => bodies.map(() => 'full') } };
    const put = us.events.put;
    us.events.put = async (commit) => {
      us.runtime.advance(10_001);
      return put(commit);
    };
    expect(await ingestMessages(us, [appending('slow'), appending('late')])).toEqual([undefined, 'full']);
    expect(us.runtime.metrics.get('HeldUp')).toBeUndefined();
  });

  it('reports a refusal within the size of a bus entry, however long the texts of the domain or the sender are', async () => {
    const details = { all: 'x'.repeat(300_000) };
    const wordy = defineStream({
      type: 'account',
      mode: 'home',
      home: () => {
        throw reject('No.', details);
      },
      events: {},
      initial: 0,
      evolve: (state) => state,
      commands: {},
    });
    const us = { ...anIntake(), domain: defineDomain({ streams: [wordy], views: [] }) };
    await ingestMessages(us, [commanding('a'), commanding('b', { stream: `account/${'y'.repeat(200_000)}` })]);
    expect(us.outcomes).toMatchObject([
      { kind: 'Rejected', detail: { id: 'a', stream: 'account/us.1', problem: { code: 'rejected', detail: 'No.' } } },
      { kind: 'Rejected', detail: { id: 'b', problem: { code: 'validation' } } },
    ]);
    for (const { detail } of us.outcomes) expect(JSON.stringify(detail).length).toBeLessThan(10_000);
  });

  it('ends every message exactly once: accepted, rejected, quarantined or left', async () => {
    const id = fc.stringMatching(/^[a-e]$/);
    const bodies = fc.array(
      fc.oneof(
        id.map((id) => appending(id)),
        id.map((id) => appending(id, { stream: 'note/m' })),
        id.map((id) => appending(id, { events: [{ type: 'Noted', data: { text: 'other' } }] })),
        id.map((id) => commanding(id)),
        id.map((id) => commanding(id, { command: 'withdraw', input: { amount: 2 } })),
        id.map((id) => commanding(id, { stream: 'account/eu.1' })),
        id.map((id) => message(APPEND, { id })),
        fc.json(),
        fc.string(),
        fc.jsonValue().map((detail) => message(APPEND, detail)),
        fc.tuple(id, fc.jsonValue()).map(([id, events]) => appending(id, { events })),
        fc.tuple(id, fc.jsonValue()).map(([id, input]) => commanding(id, { input })),
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (bodies) => {
        const us = anIntake();
        const answers = await ingestMessages(us, bodies);
        const left = answers.filter((answer) => answer !== undefined);
        expect(us.outcomes.length + us.quarantined.length + left.length).toBe(bodies.length);
        for (const reason of left) expect(reason).toBe('There is no connection.');
        const counted = ['Accepted', 'Rejected', 'Quarantined'] as const;
        expect(counted.reduce((sum, name) => sum + (us.runtime.metrics.get(name) ?? 0), 0)).toBe(
          bodies.length - left.length,
        );
        // A message is either reported, under its own id, or in the quarantine, unchanged.
        const told = us.outcomes.map(({ detail }) => detail.id).sort();
        const isolated = us.quarantined.map(({ body }) => body);
        const done = bodies.filter((_, i) => answers[i] === undefined);
        expect(isolated).toEqual(done.filter((body) => isolated.includes(body)));
        expect(
          done
            .filter((body) => !isolated.includes(body))
            .map((body) => JSON.parse(body).detail.id)
            .sort(),
        ).toEqual(told);
      }),
      { numRuns: 200 },
    );
  });
});

describe('ingest of transactions', () => {
  const transacting = (id: string, of: object = {}): string =>
    message(TRANSACT, {
      id,
      participants: [{ stream: 'account/us.1', command: 'deposit', input: { amount: 1 } }],
      ...of,
    });
  const elsewhere = [{ stream: 'account/eu.1', command: 'deposit', input: { amount: 1 } }];

  it('runs them, but does not publish their outcomes: the relay announces them when they are recorded', async () => {
    const us = anIntake();
    const aborted = transacting('us:b', {
      participants: [{ stream: 'account/us.1', command: 'withdraw', input: { amount: 100 } }],
    });
    expect(await ingestMessages(us, [transacting('us:a'), aborted, transacting('us:a')])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(us.outcomes).toEqual([]);
    expect(await us.table.findDecision('us:a')).toMatchObject({ state: 'committed' });
    expect(await us.table.findDecision('us:b')).toMatchObject({ state: 'aborted' });
    expect((await readStream(us, 'account/us.1')).state).toBe(1);
  });

  it('has a transaction redelivered if it has no outcome within 10 s', async () => {
    const us = anIntake();
    expect(await ingestMessages(us, [transacting('us:a', { participants: elsewhere })])).toEqual([
      'us:a is not decided yet',
    ]);
    expect(us.runtime.elapsed()).toBeLessThanOrEqual(10_000);
    expect(us.outcomes).toEqual([]);
  });

  it('has a transaction redelivered if its driving Region is unreachable', async () => {
    const us = anIntake();
    expect(await ingestMessages(us, [transacting('eu:a')])).toEqual(['There is no connection.']);
  });

  it.each([
    ['a fault of the transaction', transacting('us:a', { participants: [] }), 'validation'],
    ['an id without a Region', transacting('a'), 'validation'],
    ['too much', transacting('us:a', { participants: ['x'.repeat(200_000)] }), 'too-large'],
  ])('rejects %s, with the problem', async (_what, body, code) => {
    const us = anIntake();
    expect(await ingestMessages(us, [body])).toEqual([undefined]);
    expect(us.outcomes).toMatchObject([{ kind: 'Rejected', detail: { problem: { code } } }]);
  });

  it('rejects an id that belongs to another transaction', async () => {
    const us = anIntake();
    const other = [{ stream: 'account/us.1', command: 'deposit', input: { amount: 2 } }];
    await ingestMessages(us, [transacting('us:a')]);
    await ingestMessages(us, [transacting('us:a', { participants: other })]);
    expect(us.outcomes).toMatchObject([{ kind: 'Rejected', detail: { id: 'us:a', problem: { code: 'id-reused' } } }]);
  });

  it('quarantines a transaction without an id: its sender could not be notified', async () => {
    const us = anIntake();
    await ingestMessages(us, [message(TRANSACT, { participants: [] })]);
    expect(us.quarantined).toHaveLength(1);
  });
});

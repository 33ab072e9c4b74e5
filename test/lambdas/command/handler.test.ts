import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import type { TransactPorts } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/command/handler.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';
import { transactionPorts } from '../transaction-ports.ts';

const asked = {
  stream: 'account/us-east-1.ann',
  commitId: 'a',
  operation: { kind: 'command', command: 'deposit', input: { amount: 5 } },
  meta: {},
};

function aCommand(ports: Partial<TransactPorts> = {}) {
  return makeHandler({
    domain: toyDomain,
    region: 'us-east-1',
    regions: ['us-east-1', 'us-west-2'],
    log: 'us-east-1',
    events: memoryEventStore(),
    runtime: fakeRuntime(),
    warm: new Map(),
    ...transactionPorts(),
    telemetry: recordedTelemetry(),
    ...ports,
  });
}

describe('command', () => {
  it('appends the events of a request from another Region once, however often it is sent', async () => {
    const events = memoryEventStore();
    const handler = aCommand({ events });

    const answers = [await handler(asked, context), await handler(asked, context)];

    expect(answers[0]).toEqual({
      appended: {
        stream: asked.stream,
        commitId: 'a',
        version: { 'us-east-1': 1 },
        dot: { log: 'us-east-1', position: 1 },
      },
    });
    expect(answers[1]).toEqual(answers[0]);
    expect(await events.load(asked.stream)).toHaveLength(1);
  });

  it('returns a refusal as a problem document', async () => {
    const handler = aCommand();
    expect(await handler({ ...asked, operation: { ...asked.operation, input: {} } }, context)).toMatchObject({
      problem: { code: 'validation', faults: [{ path: 'input.amount' }] },
    });
    expect(await handler({ ...asked, stream: 'account/us-west-2.dan' }, context)).toMatchObject({
      problem: { code: 'misdirected', status: 421, home: 'us-west-2' },
    });
  });

  it('runs a transaction driven from here, and returns its outcome', async () => {
    const events = memoryEventStore();
    const handler = aCommand({ events });
    const { stream, operation, meta } = asked;
    const id = 'us-east-1:a';
    const transaction = { id, participants: [{ stream, operation }], fingerprint: 'digest', timeout: 30_000, meta };

    const answer = await handler({ transact: transaction, wait: 1000 }, context);

    expect(answer).toMatchObject({ outcome: { id, state: 'committed', participants: [{ stream, position: 1 }] } });
    expect(await handler({ transact: transaction, wait: 1000 }, context)).toEqual(answer);
    expect(await handler({ outcomeOf: id }, context)).toEqual(answer);
    expect(await handler({ outcomeOf: 'us-east-1:b' }, context)).toEqual({
      outcome: { id: 'us-east-1:b', state: 'unknown' },
    });
    expect(await handler({ transact: { ...transaction, fingerprint: 'other' }, wait: 0 }, context)).toMatchObject({
      problem: { code: 'id-reused', status: 409 },
    });
    expect(await events.load(stream)).toHaveLength(1);
  });

  it.each([
    ['with an invalid traceparent', { traceparent: 'x' }],
    ['that is not an object', 'x'],
    ['that is missing', undefined],
  ])('appends nothing for a meta %s', async (_, meta) => {
    const events = memoryEventStore();
    expect(await aCommand({ events })({ ...asked, meta }, context)).toMatchObject({ problem: {} });
    expect(await events.load(asked.stream)).toEqual([]);
  });

  it('ignores members of meta that only newer code knows, as during a rolling deployment', async () => {
    const events = memoryEventStore();
    const meta = { actor: 'me', note: 'x' };
    expect(await aCommand({ events })({ ...asked, meta }, context)).toHaveProperty('appended');
    expect(await events.load(asked.stream)).toMatchObject([{ meta: { actor: 'me' } }]);
    expect((await events.load(asked.stream))[0]?.meta).not.toHaveProperty('note');
  });

  it('returns internal errors, and requests that it does not understand, without details', async () => {
    const events = {
      ...memoryEventStore(),
      load: async () => {
        throw new Error('secret of the inside');
      },
    };
    const runtime = fakeRuntime();
    const requests = [
      { events, asked },
      { events: memoryEventStore(), asked: { stream: 5 } },
    ];
    for (const each of requests) {
      const answer = await aCommand({ events: each.events, runtime })(each.asked, context);
      expect(answer).toMatchObject({ problem: { code: 'internal', retryable: true } });
      expect(JSON.stringify(answer)).not.toContain('secret');
    }
    expect(runtime.metrics.get('CommandFailed')).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { MeridianError, type ParticipatePorts } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/participant/handler.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';
import { transactionPorts } from '../transaction-ports.ts';

const east = 'stock/0';
const west = 'stock/1';

function aParticipant(ports: Partial<ParticipatePorts> = {}) {
  const runtime = fakeRuntime();
  const events = memoryEventStore();
  const handler = makeHandler({
    domain: toyDomain,
    region: 'us-east-1',
    regions: ['us-east-1', 'us-west-2'],
    log: 'us-east-1',
    events,
    runtime,
    warm: new Map(),
    ...transactionPorts(),
    telemetry: recordedTelemetry(),
    ...ports,
  });
  return { runtime, events, ask: (asked: unknown) => handler(asked, context) };
}

/** A request from the state machine. */
function prepareOf(stream: string, deadline: number, input: unknown = 'p') {
  return {
    step: 'prepare',
    transaction: 'us-east-1:a',
    attempt: 1,
    fingerprint: 'digest',
    deadline,
    meta: {},
    participant: { stream, operation: { kind: 'command', command: 'take', input } },
  };
}

describe('participant', () => {
  it('prepares a stream whose home is here, once, and finalises it', async () => {
    const { ask, events, runtime } = aParticipant();
    const prepare = prepareOf(east, runtime.now() + 30_000);

    const prepared = await ask(prepare);

    const place = { stream: east, region: 'us-east-1', log: 'us-east-1', position: 1 };
    expect(prepared).toEqual({ kind: 'prepared', ...place, version: { 'us-east-1': 1 } });
    expect(await ask(prepare)).toEqual(prepared);
    expect(await events.load(east)).toMatchObject([{ commitId: 'us-east-1:a#1', tx: { state: 'prepared' } }]);

    const finalise = { step: 'finalise', intent: { ...place, commitId: 'us-east-1:a#1', state: 'committed' } };
    expect([await ask(finalise), await ask(finalise)]).toEqual([{ kind: 'finalised' }, { kind: 'finalised' }]);
    expect(await events.load(east)).toMatchObject([{ tx: { state: 'committed' } }]);
  });

  it('calls the home of a stream of another Region', async () => {
    const home = aParticipant({ region: 'us-west-2', log: 'us-west-2' });
    const asked: string[] = [];
    const { ask, runtime } = aParticipant({
      participants: {
        invoke: async (region, request) => {
          asked.push(region);
          return JSON.parse(JSON.stringify(await home.ask(JSON.parse(JSON.stringify(request)))));
        },
      },
    });
    // The home uses its own clock.
    home.runtime.advance(600_000);

    expect(await ask(prepareOf(west, runtime.now() + 30_000))).toMatchObject({ kind: 'prepared', log: 'us-west-2' });
    expect(asked).toEqual(['us-west-2']);
    expect(await home.events.load(west)).toHaveLength(1);
  });

  it('returns a refusal, or that a stream is busy: only temporary errors are thrown', async () => {
    const { ask, runtime } = aParticipant();
    const deadline = runtime.now() + 30_000;
    expect(await ask(prepareOf(east, deadline, {}))).toMatchObject({
      kind: 'refused',
      stream: east,
      problem: { code: 'validation' },
    });
    await ask(prepareOf(east, deadline));
    expect(await ask({ ...prepareOf(east, deadline), transaction: 'us-east-1:b' })).toEqual({
      kind: 'busy',
      stream: east,
    });
    expect(await ask({ ...prepareOf(east, runtime.now() - 1), transaction: 'us-east-1:c' })).toMatchObject({
      kind: 'refused',
      problem: { code: 'deadline-exceeded' },
    });
  });

  it('throws if the home, or this Region’s own table, does not respond: the state machine retries', async () => {
    const { ask, runtime } = aParticipant();
    await expect(ask(prepareOf(west, runtime.now() + 30_000))).rejects.toMatchObject({ code: 'region-unreachable' });
    const events = {
      ...memoryEventStore(),
      load: async () => {
        throw new MeridianError('unavailable', 'throttled', { retryable: true });
      },
    };
    const throttled = aParticipant({ events });
    await expect(throttled.ask(prepareOf(east, throttled.runtime.now() + 30_000))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('throws on unknown requests', async () => {
    const { ask } = aParticipant();
    for (const asked of [undefined, {}, { step: 'decide' }, { step: 'finalise', intent: { stream: east } }])
      await expect(ask(asked)).rejects.toThrow();
  });

  it('returns decisions made here to another Region', async () => {
    const { ask } = aParticipant();
    const decision = { step: 'decision', attemptId: 'us-east-1:a#1' };
    expect(await ask(decision)).toEqual({ kind: 'decision' });
    const aborted = await ask({ ...decision, abort: { fingerprint: 'digest' } });
    expect(aborted).toMatchObject({ decision: { state: 'aborted', final: true } });
    expect(await ask(decision)).toEqual(aborted);
  });
});

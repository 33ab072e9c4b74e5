import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import type { Remote } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/turn/handler.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';
import { transactionPorts, unreachable } from '../transaction-ports.ts';

function aTurn(region = 'us-east-1', turns: Remote = unreachable) {
  const runtime = fakeRuntime();
  const handler = makeHandler({
    domain: toyDomain,
    region,
    regions: ['us-east-1', 'us-west-2'],
    log: region,
    events: memoryEventStore(),
    runtime,
    warm: new Map(),
    ...transactionPorts(),
    turns,
    telemetry: recordedTelemetry(),
  });
  return { runtime, ask: (asked: unknown) => handler(asked, context) };
}

describe('turn', () => {
  const east = { step: 'turn', transaction: 'us-east-1:a', attempt: 1, stream: 'stock/0', began: 0, remaining: 30_000 };
  const west = { ...east, stream: 'stock/1' };

  it('waits for a stream whose home is here', async () => {
    const { ask, runtime } = aTurn();
    const deadline = runtime.now() + 30_000;
    expect(await ask(east)).toEqual({ kind: 'turn' });
    expect(await ask({ ...east, deadline, timeout: 30_000 })).toEqual({ kind: 'turn' });
  });

  it('calls the home of a stream of another Region', async () => {
    const home = aTurn('us-west-2');
    const asked: string[] = [];
    const { ask } = aTurn('us-east-1', {
      invoke: async (region, request) => {
        asked.push(region);
        return JSON.parse(JSON.stringify(await home.ask(JSON.parse(JSON.stringify(request)))));
      },
    });
    expect(await ask(west)).toEqual({ kind: 'turn' });
    expect(asked).toEqual(['us-west-2']);
  });

  it('throws if the home does not respond, and on unknown requests: the state machine makes the next attempt', async () => {
    const { ask } = aTurn();
    await expect(ask(west)).rejects.toMatchObject({ code: 'region-unreachable' });
    for (const asked of [undefined, {}, { step: 'prepare' }]) await expect(ask(asked)).rejects.toThrow();
  });
});

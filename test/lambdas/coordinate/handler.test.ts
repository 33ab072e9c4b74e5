import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { type CoordinatePorts, MeridianError } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/coordinate/handler.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';

function aCoordinator(ports: Partial<CoordinatePorts> = {}) {
  const runtime = fakeRuntime();
  const handler = makeHandler({
    region: 'us-east-1',
    events: memoryEventStore(),
    decisions: memoryDecisions({ strong: true }),
    runtime,
    telemetry: recordedTelemetry(),
    ...ports,
  });
  return { runtime, ask: (asked: unknown) => handler(asked, context) };
}

const [one, two] = ['us-east-1', 'us-west-2'].map((log, i) => ({ stream: `stock/${i}`, log, position: 1 }));
const prepared = [one, two].map((place) => ({ kind: 'prepared', ...place, version: {} }));
function planOf(deadline: number) {
  return {
    step: 'plan',
    transaction: 'us-east-1:a',
    fingerprint: 'digest',
    deadline,
  };
}
function decideOf(answers: readonly unknown[], deadline: number) {
  return {
    step: 'decide',
    transaction: 'us-east-1:a',
    attempt: 1,
    fingerprint: 'digest',
    deadline,
    answers,
  };
}

describe('coordinate', () => {
  it("plans the first attempt, decides it by the participants' responses, and does not change the decision", async () => {
    const { ask, runtime } = aCoordinator();
    const deadline = runtime.now() + 30_000;
    const intents = [one, two].map((place) => ({ ...place, commitId: 'us-east-1:a#1', state: 'committed' }));

    expect(await ask(planOf(deadline))).toEqual({ kind: 'prepare', attempt: 1 });
    const decided = await ask(decideOf(prepared, deadline));

    expect(decided).toEqual({ state: 'committed', final: true, intents, turns: [], next: 2, wait: 0 });
    const second = await ask(decideOf([prepared[0], { kind: 'unreachable', stream: 'stock/1' }], deadline));
    expect(second).toMatchObject({ state: 'committed', final: true });
    expect(await ask(planOf(deadline))).toEqual({ kind: 'decided', intents });
  });

  it('plans another attempt after a busy one', async () => {
    const { ask, runtime } = aCoordinator();
    const deadline = runtime.now() + 30_000;
    const decided = await ask(decideOf([prepared[0], { kind: 'busy', stream: 'stock/1' }], deadline));
    expect(decided).toMatchObject({ state: 'aborted', final: false, intents: [{ ...one, state: 'aborted' }] });
    expect(await ask(planOf(deadline))).toEqual({ kind: 'prepare', attempt: 2 });
  });

  it('throws if the store of decisions does not respond, and on unknown requests', async () => {
    const decisions = {
      ...memoryDecisions({ strong: true }),
      put: async () => {
        throw new MeridianError('unavailable', 'throttled', { retryable: true });
      },
    };
    const { ask, runtime } = aCoordinator({ decisions });
    await expect(ask(decideOf(prepared, runtime.now()))).rejects.toMatchObject({ code: 'unavailable' });
    for (const asked of [undefined, {}, { step: 'plan' }]) await expect(ask(asked)).rejects.toThrow();
  });
});

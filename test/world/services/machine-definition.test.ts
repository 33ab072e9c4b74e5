import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import type { MachineInput } from '../../../core/index.ts';
import { ThrottledInvocation } from '../../../world/services/function-pool.ts';
import { WorldStateMachine } from '../../../world/services/state-machine.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';
import { runDefinition } from '../../lib/transaction-definition.ts';
import { ACCOUNTS, ANN, aBank, DAN, REGIONS } from '../a-bank.ts';

// The first test that runs the definition of the stacks synthesizes it.
vi.setConfig({ testTimeout: 60_000 });

const input: MachineInput = {
  id: 'us-east-1:a',
  participants: [
    { stream: 'stock/0', operation: { kind: 'command', command: 'take', input: 'me' } },
    { stream: 'stock/1', expected: { 'us-west-2': 3 } },
  ],
  fingerprint: 'digest',
  timeout: 30_000,
  meta: { actor: 'me' },
  deadline: 40_000,
};
function intentOf(stream: string, state: string) {
  return {
    stream,
    log: 'us-east-1',
    position: 1,
    commitId: 'us-east-1:a#1',
    state,
  };
}
function both(state: string) {
  return ['stock/0', 'stock/1'].map((stream) => intentOf(stream, state));
}

const askedSchema = z.looseObject({ step: z.string(), participant: z.object({ stream: z.string() }).optional() });
type Script = (step: string, times: number, stream: string) => unknown;

function failure() {
  throw new Error('thrown');
}
function throttled() {
  throw new ThrottledInvocation('Rate exceeded.');
}
const committing: Record<string, unknown> = {
  decide: { state: 'committed', final: true, intents: both('committed'), turns: [], next: 2 },
  finalise: { kind: 'finalised' },
  turn: { kind: 'turn' },
};
const answers: Script = (step, times, stream) =>
  step === 'plan'
    ? { kind: 'prepare', attempt: times }
    : step === 'prepare'
      ? { kind: 'prepared', ...intentOf(stream, 'prepared') }
      : committing[step];

const scenarios: Readonly<Record<string, Script>> = {
  'all prepare': answers,
  'one refuses': (step, times, stream) => {
    if (step === 'prepare' && stream === 'stock/1') return { kind: 'refused', stream, problem: { code: 'rejected' } };
    return step === 'decide'
      ? { state: 'aborted', final: true, intents: both('aborted').slice(0, 1), turns: [], next: 2 }
      : answers(step, times, stream);
  },
  'one does not respond': (step, times, stream) => {
    if (step === 'prepare' && stream === 'stock/1') return failure();
    return step === 'decide'
      ? { state: 'aborted', final: true, intents: both('aborted').slice(0, 1), turns: [], next: 2 }
      : answers(step, times, stream);
  },
  'one is busy at first': (step, times, stream) =>
    step === 'decide' && times === 1
      ? { state: 'aborted', final: false, intents: both('aborted').slice(0, 1), turns: ['stock/1'], next: 2 }
      : answers(step, times, stream),
  'one is throttled at first': (step, times, stream) => {
    if (step === 'prepare' && stream === 'stock/1' && times < 6) return throttled();
    return (scenarios['one is busy at first'] ?? answers)(step, times, stream);
  },
  'a turn is throttled': (step, times, stream) =>
    step === 'turn' ? throttled() : (scenarios['one is busy at first'] ?? answers)(step, times, stream),
  'it is decided already': (step, times, stream) =>
    step === 'plan' ? { kind: 'decided', intents: both('committed') } : answers(step, times, stream),
  'plan and decide fail at first': (step, times, stream) =>
    (step === 'plan' || step === 'decide') && times < 3 ? failure() : answers(step, times, stream),
  'nothing can be finalised': (step, times, stream) => (step === 'finalise' ? failure() : answers(step, times, stream)),
  'no turn can be waited for': (step, times, stream) =>
    step === 'turn' ? failure() : (scenarios['one is busy at first'] ?? answers)(step, times, stream),
  'nothing can be decided': (step, times, stream) => (step === 'decide' ? failure() : answers(step, times, stream)),
};

/** Functions that respond by a script, and their requests. */
function scripted(script: Script) {
  const calls: unknown[] = [];
  const times = new Map<string, number>();
  const call = async (payload: unknown): Promise<unknown> => {
    calls.push(payload);
    const { step, participant } = askedSchema.parse(payload);
    const count = (times.get(step) ?? 0) + 1;
    times.set(step, count);
    return script(step, count, participant?.stream ?? '');
  };
  // Concurrent requests come in any order.
  return {
    functions: { coordinate: call, participant: call, turn: call },
    calls: () => calls.map((one) => JSON.stringify(one)).sort(),
  };
}

describe('the state machine of the world and its definition in the stacks', () => {
  it.each(Object.keys(scenarios))('make the same requests, and end the same way, when %s', async (name) => {
    const script = scenarios[name] ?? answers;
    const scheduler = new VirtualScheduler(0);
    const activity = new Activity();
    const world = scripted(script);
    await new WorldStateMachine(world.functions, {
      region: 'us-east-1',
      scheduler,
      random: seeded(1),
      activity,
      weather: new Weather(seeded(1)),
    }).start(input);
    await scheduler.runUntil(() => activity.idle);

    const stacks = scripted(script);
    await runDefinition(stacks.functions, input).catch(() => undefined);

    expect(stacks.calls()).toEqual(world.calls());
  });
});

describe('a world that runs the definition of the stacks', () => {
  it('moves money between Regions as it does with its own state machine', async () => {
    const scheduler = new VirtualScheduler();
    const entered: string[] = [];
    const bank = await aBank({
      scheduler,
      withFaults: (region, ports) => ({
        ...ports,
        machine: {
          start: async (input) => {
            const { functions } = bank.world.region(region).machine;
            void runDefinition(functions, input).then((execution) => entered.push(...execution.entered));
          },
        },
      }),
    });
    const transfers = Array.from({ length: 8 }, (_, i) => ({
      key: `${i}`,
      from: ACCOUNTS[i % 4] ?? ANN,
      to: ACCOUNTS[(i + 1 + (i % 3)) % 4] ?? DAN,
      amount: 40,
      at: REGIONS[i % 3] ?? '',
    }));

    const answers = await scheduler.resolve(Promise.all(transfers.map((transfer) => bank.begun(transfer))));
    await bank.recover();

    for (const { status } of answers) expect([200, 409]).toContain(status);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(new Set(entered)).toEqual(
      new Set([...entered, 'Plan', 'Prepare all', 'Decide', 'Commit all', 'Wait for turns']),
    );
    await bank.expectWhole(transfers.map(({ key, at }) => `${at}:${key}`));
  });
});

import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { MachineInput } from '../../../core/index.ts';
import { ThrottledInvocation } from '../../../world/services/function-pool.ts';
import { type MachineStep, WorldStateMachine } from '../../../world/services/state-machine.ts';
import { Activity } from '../../../world/time/activity.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';

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
const intents = [
  { stream: 'stock/0', log: 'us-east-1', position: 1, commitId: 'us-east-1:a#1', state: 'committed' },
  { stream: 'stock/1', log: 'us-west-2', position: 4, commitId: 'us-east-1:a#1', state: 'committed' },
];
const aborted = intents.map((intent) => ({ ...intent, state: 'aborted' }));

const stepSchema = z.looseObject({ step: z.string() });
type Answer = (call: number, input: unknown) => unknown;

/**
 * A state machine whose functions take 10 ms and return these results: by step, and by the number of the call of that step, from 1.
 */
function aMachine(answers: Readonly<Record<string, Answer>> = {}, random: () => number = seeded(3)) {
  const scheduler = new VirtualScheduler(0);
  const activity = new Activity();
  const weather = new Weather(seeded(1));
  const calls: { at: number; step: string; input: unknown }[] = [];
  const numbers = new Map<string, number>();
  const defaults: Record<string, Answer> = {
    plan: () => ({ kind: 'prepare', attempt: 1 }),
    prepare: (call) => ({ kind: 'prepared', ...intents[call - 1] }),
    decide: () => ({ state: 'committed', final: true, intents, turns: [], next: 2 }),
    finalise: () => ({ kind: 'finalised' }),
    turn: () => ({ kind: 'turn' }),
  };
  const call = async (input: unknown) => {
    const { step: name } = stepSchema.parse(input);
    calls.push({ at: scheduler.now(), step: name, input });
    const number = (numbers.get(name) ?? 0) + 1;
    numbers.set(name, number);
    await sleepOn(scheduler, 10);
    return (answers[name] ?? defaults[name])?.(number, input);
  };
  const machine = new WorldStateMachine(
    { coordinate: call, participant: call, turn: call },
    { region: 'us-east-1', scheduler, random, activity, weather },
  );
  return {
    machine,
    scheduler,
    activity,
    weather,
    calls,
    steps: () => calls.map(({ at, step }) => [at, step]),
    settle: () => scheduler.runUntil(() => activity.idle),
  };
}
function thrown(message = 'thrown') {
  throw new Error(message);
}

describe('WorldStateMachine', () => {
  it('plans, prepares all at once, decides by their responses, and commits all at once', async () => {
    const { machine, calls, settle, activity } = aMachine();

    await machine.start(input);
    expect(activity.idle).toBe(false);
    await settle();

    const { id: transaction, fingerprint, deadline, timeout, meta, participants } = input;
    const asked = { transaction, attempt: 1, fingerprint, deadline, timeout };
    expect(calls).toEqual([
      { at: 0, step: 'plan', input: { step: 'plan', transaction, fingerprint, deadline } },
      ...participants.map((participant) => ({
        at: 10,
        step: 'prepare',
        input: { step: 'prepare', ...asked, meta, participant },
      })),
      {
        at: 20,
        step: 'decide',
        input: { step: 'decide', ...asked, answers: intents.map((intent) => ({ kind: 'prepared', ...intent })) },
      },
      ...intents.map((intent) => ({ at: 30, step: 'finalise', input: { step: 'finalise', intent } })),
    ]);
  });

  it('releases all while it waits for its turns, and prepares again while an attempt is not the last one', async () => {
    const { machine, steps, settle } = aMachine({
      decide: (call) => ({ state: 'aborted', final: call === 2, intents: aborted, turns: ['stock/0'], next: call + 1 }),
    });
    await machine.start({ ...input, participants: input.participants.slice(0, 1) });
    await settle();
    expect(steps()).toEqual([
      [0, 'plan'],
      [10, 'prepare'],
      [20, 'decide'],
      [30, 'finalise'],
      [30, 'finalise'],
      [30, 'turn'],
      [40, 'prepare'],
      [50, 'decide'],
      [60, 'finalise'],
      [60, 'finalise'],
    ]);
  });

  it('only finalises an existing decision', async () => {
    const { machine, steps, settle } = aMachine({ plan: () => ({ kind: 'decided', intents }) });
    await machine.start(input);
    await settle();
    expect(steps()).toEqual([
      [0, 'plan'],
      [10, 'finalise'],
      [10, 'finalise'],
    ]);
  });

  it('retries failed calls, after a random pause, and reports a participant that fails four times', async () => {
    const { machine, calls, settle } = aMachine({
      plan: (call) => (call < 3 ? thrown() : { kind: 'prepare', attempt: 1 }),
      prepare: (_call, input) =>
        JSON.stringify(input).includes('stock/1') ? thrown() : { kind: 'busy', stream: 'stock/0' },
    });
    await machine.start(input);
    await settle();

    const count = (name: string) => calls.filter(({ step }) => step === name).length;
    expect(['plan', 'prepare', 'decide', 'finalise'].map(count)).toEqual([3, 5, 1, 2]);
    expect(calls.find(({ step }) => step === 'decide')?.input).toMatchObject({
      answers: [
        { kind: 'busy', stream: 'stock/0' },
        { kind: 'unreachable', stream: 'stock/1' },
      ],
    });
    const [first = 0, second = 0, third = 0] = calls.map(({ at }) => at);
    expect(second - first).toBeGreaterThan(10);
    expect(second - first).toBeLessThan(1010);
    expect(third - second).toBeLessThan(2010);
  });

  it('reports a participant as busy if its function is throttled four times, so that another attempt follows', async () => {
    const { machine, calls, settle } = aMachine({
      prepare: () => {
        throw new ThrottledInvocation('Rate exceeded.');
      },
    });
    await machine.start({ ...input, participants: input.participants.slice(0, 1) });
    await settle();
    expect(calls.filter(({ step }) => step === 'prepare')).toHaveLength(4);
    expect(calls.find(({ step }) => step === 'decide')?.input).toMatchObject({
      answers: [{ kind: 'busy', stream: 'stock/0' }],
    });
  });

  it('prepares the next attempt a second after a turn that failed, and does not retry the turn', async () => {
    const { machine, steps, settle } = aMachine({
      decide: (call) => ({ state: 'aborted', final: call === 2, intents: [], turns: ['stock/0'], next: call + 1 }),
      turn: () => {
        throw new ThrottledInvocation('Rate exceeded.');
      },
    });
    await machine.start({ ...input, participants: input.participants.slice(0, 1) });
    await settle();
    expect(steps().slice(3, 5)).toEqual([
      [30, 'turn'],
      [1040, 'prepare'],
    ]);
  });

  it('at most doubles the pause before each further attempt', async () => {
    const { machine, steps, settle } = aMachine({ plan: () => thrown() }, () => 1);
    await machine.start(input);
    await settle();
    expect(steps()).toEqual([0, 1010, 3020, 7030].map((at) => [at, 'plan']));
  });

  it('leaves an intent that cannot be finalised, and ends silently if it cannot decide', async () => {
    const finalising = aMachine({
      finalise: (_call, input) => (JSON.stringify(input).includes('stock/1') ? thrown() : {}),
    });
    await finalising.machine.start(input);
    await finalising.settle();
    expect(finalising.calls.filter(({ step }) => step === 'finalise')).toHaveLength(5);

    const deciding = aMachine({ decide: () => thrown() });
    await deciding.machine.start(input);
    await deciding.settle();
    expect(deciding.calls.map(({ step }) => step).slice(3)).toEqual(['decide', 'decide', 'decide', 'decide']);
  });

  it('ends a task that does not respond in time, and an execution after five minutes', async () => {
    const { machine, calls, settle } = aMachine({ prepare: () => new Promise(() => undefined) });
    await machine.start({ ...input, participants: input.participants.slice(0, 1) });
    await settle();
    expect(calls.filter(({ step }) => step === 'prepare').length).toBe(4);
    expect(calls.find(({ step }) => step === 'decide')?.input).toMatchObject({
      answers: [{ kind: 'unreachable', stream: 'stock/0' }],
    });

    const forever = aMachine({
      decide: () => ({ state: 'aborted', final: false, intents: [], turns: ['stock/0'], next: 2 }),
      turn: () => thrown(),
    });
    await forever.machine.start(input);
    await forever.settle();
    expect(forever.scheduler.now()).toBe(300_000);
  });

  it('accepts no more input than Step Functions: 256 KiB', async () => {
    const { machine } = aMachine();
    await expect(machine.start({ ...input, meta: { actor: 'x'.repeat(262_144) } })).rejects.toThrow(
      'DataLimitExceeded',
    );
  });

  it.each(['Plan', 'Prepare', 'Decide', 'Commit'] as const)('killed before %s runs no further step', async (name) => {
    const { machine, steps, settle, scheduler } = aMachine();
    const names: MachineStep['name'][] = [];
    machine.beforeStep = ({ name: next, kill, transaction }) => {
      expect(transaction).toBe(input.id);
      names.push(next);
      if (next === name) kill();
    };

    await machine.start(input);
    await settle();
    await scheduler.run(600_000);

    const expected = ['Plan', 'Prepare', 'Prepare', 'Decide', 'Commit', 'Commit'];
    expect(names).toEqual(expected.slice(0, expected.indexOf(name) + 1));
    expect(steps()).toHaveLength(expected.indexOf(name));
  });

  it('killed in the middle of everything lets running calls continue, and ignores their results', async () => {
    const { machine, steps, scheduler, activity } = aMachine();
    await machine.start(input);
    await scheduler.run(15);

    machine.killAll();
    machine.killAll();

    expect(activity.idle).toBe(true);
    await scheduler.run(600_000);
    expect(steps().map(([, name]) => name)).toEqual(['plan', 'prepare', 'prepare']);
  });

  it('runs one transaction twice concurrently, if it is started twice', async () => {
    const { machine, calls, settle } = aMachine();
    await machine.start(input);
    await machine.start(input);
    await settle();
    expect(calls.filter(({ step }) => step === 'decide')).toHaveLength(2);
  });

  it('is throttled by chance, as an error that can be retried, and then has not started', async () => {
    const { machine, calls, weather, activity } = aMachine();
    weather.set('machine.throttled', 1, 'us-east-1');
    await expect(machine.start(input)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    expect([calls, activity.idle]).toEqual([[], true]);
  });

  it('runs a transaction twice by chance, the second time up to two seconds later', async () => {
    const { machine, calls, weather, activity, settle } = aMachine();
    weather.set('machine.twice', 1, 'us-east-1');
    await machine.start(input);
    weather.calm();
    await settle();
    const plans = calls.filter(({ step }) => step === 'plan');
    expect(plans).toHaveLength(2);
    expect(plans[1]?.at).toBeLessThanOrEqual(2000);
    expect(calls.filter(({ step }) => step === 'decide')).toHaveLength(2);
    expect(activity.idle).toBe(true);
  });

  it('invokes the function of a task twice at once by chance, and takes the first response', async () => {
    const { machine, calls, weather, steps, settle } = aMachine({
      plan: (call) => ({ kind: 'prepare', attempt: call }),
    });
    weather.set('machine.task-twice', 1, 'us-east-1');
    await machine.start({ ...input, participants: input.participants.slice(0, 1) });
    await settle();
    expect(steps().slice(0, 6)).toEqual([
      [0, 'plan'],
      [0, 'plan'],
      [10, 'prepare'],
      [10, 'prepare'],
      [20, 'decide'],
      [20, 'decide'],
    ]);
    expect(calls.find(({ step }) => step === 'prepare')?.input).toMatchObject({ attempt: 1 });
  });

  it('dies by chance before a step', async () => {
    const { machine, calls, weather, activity, scheduler } = aMachine();
    await machine.start(input);
    await scheduler.run(15);
    weather.set('machine.dies', 1, 'us-east-1');
    await scheduler.run(10_000);
    expect(calls.map(({ step }) => step)).toEqual(['plan', 'prepare', 'prepare']);
    expect([weather.counts.get('machine.dies'), activity.idle]).toEqual([1, true]);
  });
});

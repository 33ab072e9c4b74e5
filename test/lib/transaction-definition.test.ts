import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type MachineTasks, runDefinition } from './transaction-definition.ts';

// The first test synthesizes the definition.
vi.setConfig({ testTimeout: 60_000 });

const participants = ['account/us-east-1.ann', 'account/us-west-2.dan'].map((stream) => ({
  stream,
  operation: { kind: 'command', command: 'deposit', input: { amount: 5 } },
}));
const input = {
  id: 'us-east-1:order-17',
  participants,
  fingerprint: 'digest',
  timeout: 30_000,
  meta: { actor: 'ann' },
  deadline: 1_700_000_030_000,
};
function intentOf(stream: string) {
  return { stream, log: 'us-east-1', position: 1 };
}
function preparedOf(stream: string) {
  return { kind: 'prepared', ...intentOf(stream), version: 'v' };
}

const askedSchema = z.discriminatedUnion('step', [
  z.object({ step: z.literal('plan'), transaction: z.string(), fingerprint: z.string(), deadline: z.number() }),
  z.object({ step: z.literal('decide'), attempt: z.number(), answers: z.array(z.looseObject({ stream: z.string() })) }),
  z.object({ step: z.literal('prepare'), attempt: z.number(), participant: z.object({ stream: z.string() }) }),
  z.object({ step: z.literal('turn'), stream: z.string(), deadline: z.number(), timeout: z.number() }),
  z.object({ step: z.literal('finalise'), intent: z.looseObject({ stream: z.string() }) }),
]);
type Asked = z.infer<typeof askedSchema>;
type StepOf<Step extends Asked['step']> = Extract<Asked, { step: Step }>;

/** Functions that let the transaction commit, except for scripted results, and the calls that they received. */
function scripted(script: {
  readonly plan?: (times: number) => unknown;
  readonly prepare?: (asked: StepOf<'prepare'>) => unknown;
  readonly decide?: (asked: StepOf<'decide'>) => unknown;
  readonly turn?: (asked: StepOf<'turn'>) => unknown;
  readonly finalise?: (asked: StepOf<'finalise'>) => unknown;
}) {
  const calls: unknown[] = [];
  let plans = 0;
  const answer = (payload: unknown): unknown => {
    calls.push(payload);
    const call = askedSchema.parse(payload);
    if (call.step === 'plan') {
      plans++;
      return script.plan?.(plans) ?? { kind: 'prepare', attempt: plans };
    }
    if (call.step === 'prepare') return script.prepare?.(call) ?? preparedOf(call.participant.stream);
    if (call.step === 'decide') return script.decide?.(call) ?? decisionOf('committed');
    if (call.step === 'turn') return script.turn?.(call) ?? { kind: 'turn' };
    return script.finalise?.(call) ?? { kind: 'finalised' };
  };
  const tasks: MachineTasks = { coordinate: answer, participant: answer, turn: answer };
  const of = <Step extends Asked['step']>(step: Step): StepOf<Step>[] =>
    calls.map((call) => askedSchema.parse(call)).filter((call): call is StepOf<Step> => call.step === step);
  return { tasks, calls, of };
}

function decisionOf(state: 'committed' | 'aborted', { final = true, turns = [] as readonly string[], next = 2 } = {}) {
  return {
    state,
    final,
    turns,
    next,
    intents: participants.map(({ stream }) => ({ ...intentOf(stream), commitId: 'us-east-1:order-17#1', state })),
  };
}
function refusedBy(stream: string) {
  return { kind: 'refused', stream, problem: { code: 'rejected', detail: 'sold out' } };
}
function fail(name: string): never {
  throw Object.assign(new Error('it is not there'), { name });
}

describe('an execution of the state machine of transactions', () => {
  it('prepares every participant, gets a decision, and commits every intent', async () => {
    const { tasks, calls, of } = scripted({});
    const { entered } = await runDefinition(tasks, input);

    const { id: transaction, fingerprint, deadline, timeout, meta } = input;
    expect(calls[0]).toEqual({ step: 'plan', transaction, fingerprint, deadline });
    expect(calls).toEqual(
      expect.arrayContaining(
        participants.map((participant) => ({
          step: 'prepare',
          transaction,
          attempt: 1,
          fingerprint,
          deadline,
          timeout,
          meta,
          participant,
        })),
      ),
    );
    const answers = participants.map(({ stream }) => preparedOf(stream));
    expect(calls).toContainEqual({ step: 'decide', transaction, attempt: 1, fingerprint, deadline, timeout, answers });
    expect(of('finalise').map(({ intent }) => intent)).toEqual(
      expect.arrayContaining([...decisionOf('committed').intents]),
    );
    expect(calls).toHaveLength(1 + 2 + 1 + 2);
    expect(entered).toContain('Commit all');
    expect(entered.at(-1)).toBe('Done');
  });

  it('passes a refusal to the decision, and aborts once if that is final', async () => {
    const { tasks, of } = scripted({
      prepare: ({ participant: { stream } }) => (stream === 'account/us-west-2.dan' ? refusedBy(stream) : undefined),
      decide: () => decisionOf('aborted'),
    });
    const { entered } = await runDefinition(tasks, input);

    expect(of('decide')[0]?.answers).toEqual([preparedOf('account/us-east-1.ann'), refusedBy('account/us-west-2.dan')]);
    expect(of('plan')).toHaveLength(1);
    expect(of('finalise')).toHaveLength(2);
    expect(entered).toContain('Abort all');
    expect(entered).not.toContain('Release and wait');
  });

  it.each(['Lambda.ServiceException', 'Lambda.Unknown', 'Error', 'TypeError'])(
    'retries a prepare that fails with %s three times, then reports the participant as unreachable',
    async (name) => {
      const { tasks, of } = scripted({
        prepare: ({ participant: { stream } }) => (stream === 'account/us-west-2.dan' ? fail(name) : undefined),
        decide: () => decisionOf('aborted'),
      });
      await runDefinition(tasks, input);

      expect(of('prepare').filter(({ participant }) => participant.stream === 'account/us-west-2.dan')).toHaveLength(4);
      expect(of('decide')[0]?.answers).toEqual([
        preparedOf('account/us-east-1.ann'),
        { kind: 'unreachable', stream: 'account/us-west-2.dan' },
      ]);
    },
  );

  it('retries a prepare that Lambda throttles three times, then reports the participant as busy: another attempt may follow', async () => {
    const { tasks, of } = scripted({
      prepare: ({ participant: { stream } }) =>
        stream === 'account/us-west-2.dan' ? fail('Lambda.TooManyRequestsException') : undefined,
      decide: () => decisionOf('aborted'),
    });
    await runDefinition(tasks, input);

    expect(of('prepare').filter(({ participant }) => participant.stream === 'account/us-west-2.dan')).toHaveLength(4);
    expect(of('decide')[0]?.answers).toEqual([
      preparedOf('account/us-east-1.ann'),
      { kind: 'busy', stream: 'account/us-west-2.dan' },
    ]);
  });

  it('treats a prepare that succeeds at the second attempt like any other', async () => {
    let tries = 0;
    const { tasks, of } = scripted({
      prepare: ({ participant: { stream } }) =>
        stream === 'account/us-west-2.dan' && ++tries === 1 ? fail('Lambda.ServiceException') : undefined,
    });
    await runDefinition(tasks, input);
    expect(of('decide')[0]?.answers).toEqual(participants.map(({ stream }) => preparedOf(stream)));
  });

  it('releases a busy attempt while it waits for the busy streams, and prepares the next one', async () => {
    const [stream = ''] = participants.map((participant) => participant.stream);
    const { tasks, of } = scripted({
      prepare: (asked) => (asked.attempt === 1 ? { kind: 'busy', stream: asked.participant.stream } : undefined),
      decide: ({ attempt }) => (attempt === 1 ? decisionOf('aborted', { final: false, turns: [stream] }) : undefined),
    });
    const { entered } = await runDefinition(tasks, input);

    expect(of('turn')).toEqual([{ step: 'turn', stream, deadline: input.deadline, timeout: input.timeout }]);
    expect(of('prepare').map(({ attempt }) => attempt)).toEqual([1, 1, 2, 2]);
    const inParallel = ['Prepare', 'Commit', 'Release', 'Release all', 'Turn', 'Wait for turns'];
    expect(inParallel.every((name) => entered.includes(name))).toBe(true);
    // Everything of the first attempt ends before the second one starts.
    expect(entered.filter((name) => !inParallel.includes(name))).toEqual([
      ...['Plan', 'Is it decided?', 'Prepare all', 'Decide', 'How is it decided?', 'Release and wait', 'Next attempt'],
      ...['Prepare all', 'Decide', 'How is it decided?', 'Commit all', 'Done'],
    ]);
  });

  it.each(['Lambda.Unknown', 'Lambda.TooManyRequestsException'])(
    'goes on after %s if it cannot wait for a stream, or if there is none to wait for',
    async (name) => {
      const { tasks, of } = scripted({
        decide: ({ attempt }) =>
          attempt < 3
            ? decisionOf('aborted', { final: false, turns: attempt === 1 ? ['account/x'] : [], next: attempt + 1 })
            : undefined,
        turn: () => fail(name),
      });
      const { entered } = await runDefinition(tasks, input);
      expect(of('turn')).toHaveLength(1);
      expect(entered).toContain('No turn');
      expect(of('prepare').map(({ attempt }) => attempt)).toEqual([1, 1, 2, 2, 3, 3]);
    },
  );

  it('only finalises a transaction that was already decided', async () => {
    const { intents } = decisionOf('committed');
    const { tasks, calls, of } = scripted({ plan: () => ({ kind: 'decided', intents }) });
    const { entered } = await runDefinition(tasks, input);

    expect(of('finalise').map(({ intent }) => intent)).toEqual(intents);
    expect(calls).toHaveLength(1 + intents.length);
    expect(entered.at(-1)).toBe('Done');
  });

  it('succeeds with nothing to finalise', async () => {
    const { tasks, calls } = scripted({ plan: () => ({ kind: 'decided', intents: [] }) });
    await runDefinition(tasks, input);
    expect(calls).toHaveLength(1);
  });

  it.each(['plan', 'decide'] as const)('fails if it cannot %s, after three retries', async (step) => {
    const { tasks, of } = scripted({ [step]: () => fail('Lambda.ServiceException') });
    await expect(runDefinition(tasks, input)).rejects.toThrow();
    expect(of(step)).toHaveLength(4);
    expect(of('finalise')).toEqual([]);
  });

  it.each([
    ['commit', () => decisionOf('committed')],
    ['abort', () => decisionOf('aborted')],
  ])('leaves an intent that it cannot %s to recovery, and succeeds', async (_, decide) => {
    const { tasks, of } = scripted({
      decide,
      finalise: ({ intent: { stream } }) => (stream === 'account/us-west-2.dan' ? fail('Lambda.Unknown') : undefined),
    });
    const { entered } = await runDefinition(tasks, input);

    const finalised = of('finalise').map(({ intent: { stream } }) => stream);
    expect(finalised.filter((stream) => stream === 'account/us-west-2.dan')).toHaveLength(4);
    expect(finalised.filter((stream) => stream === 'account/us-east-1.ann')).toHaveLength(1);
    expect(entered.at(-1)).toBe('Done');
  });

  it('stays below 256 KiB in every state, even with the largest transaction and several attempts', async () => {
    const data = 'x'.repeat(200_000 / 25);
    const wide = Array.from({ length: 25 }, (_, i) => ({
      stream: `stock/${String(i).padStart(200, '0')}`,
      operation: { kind: 'events', events: [{ type: 'Taken', data }] },
    }));
    const problem = { code: 'rejected', detail: 'y'.repeat(1000) };
    const { tasks } = scripted({
      prepare: ({ attempt, participant: { stream } }) =>
        attempt === 3 ? { kind: 'refused', stream, problem } : preparedOf(stream),
      decide: ({ attempt }) => ({
        ...decisionOf('aborted', { final: attempt === 3, next: attempt + 1 }),
        intents: wide.map(({ stream }) => ({ ...intentOf(stream), commitId: `${input.id}#3`, state: 'aborted' })),
      }),
    });
    const { largest } = await runDefinition(tasks, { ...input, participants: wide });
    expect(largest).toBeGreaterThan(200_000);
    expect(largest).toBeLessThan(256 * 1024);
  });

  it('can run at the same time as many others', async () => {
    const runs = Array.from({ length: 20 }, () => scripted({}));
    await Promise.all(runs.map(({ tasks }) => runDefinition(tasks, input)));
    for (const { calls } of runs) expect(calls).toHaveLength(6);
  });
});

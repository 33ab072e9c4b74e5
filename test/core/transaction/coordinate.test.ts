import { describe, expect, it } from 'vitest';
import type { MachineInput } from '../../../core/index.ts';
import { readStream } from '../../../core/read/streams.ts';
import { coordinateStep } from '../../../core/transaction/coordinate.ts';
import { outcomeOf } from '../../../core/transaction/transact.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise } from '../../contract/decisions.ts';
import { anAppend, command } from '../a-region.ts';
import {
  type Answer,
  aProblem,
  aTransaction,
  aWorld,
  decideOn,
  drive,
  finaliseAll,
  inputOf,
  intentsOf,
  planOf,
  prepareAll,
  prepareOne,
  type Region,
  type Step,
} from './regions.ts';

/** Three Regions, where `account/us.1` has 10, and the input of a state machine of `us`. */
async function aCase(of: Record<string, unknown> = {}, options: Parameters<typeof aWorld>[0] = {}) {
  const world = aWorld(options);
  await fund(world.us);
  return { ...world, input: inputOf(aTransaction(of), world.us) };
}

function fund(us: Region) {
  return appendToStream(us, anAppend({ stream: 'account/us.1', operation: command('deposit', { amount: 10 }) }));
}

async function balances({ us, eu }: { us: Region; eu: Region }) {
  return [(await readStream(us, 'account/us.1')).state, (await readStream(eu, 'account/eu.1')).state];
}

async function statesOf({ us, eu }: { us: Region; eu: Region }) {
  return [...(await us.table.load('account/us.1')), ...(await eu.table.load('account/eu.1'))].flatMap(
    ({ tx }) => tx?.state ?? [],
  );
}

function recorded(input: MachineInput) {
  return { transaction: input.id, fingerprint: input.fingerprint, region: 'us' };
}

function busy(stream: string): Answer {
  return { kind: 'busy', stream };
}

describe('a state machine that runs to its end', () => {
  it('commits every intent, in any Region', async () => {
    const { us, eu, input } = await aCase();
    await drive(us, input);
    expect(await statesOf({ us, eu })).toEqual(['committed', 'committed']);
    expect(await balances({ us, eu })).toEqual([5, 5]);
    expect(await us.decisions.attempts(input.id)).toEqual([
      {
        ...recorded(input),
        attempt: 1,
        state: 'committed',
        final: true,
        participants: [
          { stream: 'account/us.1', region: 'us', log: 'us', position: 2, version: { us: 2 } },
          { stream: 'account/eu.1', region: 'eu', log: 'eu', position: 1, version: { eu: 1 } },
        ],
        remaining: 0,
        decidedAt: us.runtime.now(),
      },
    ]);
    expect(us.runtime.metrics.get('TransactionCommitted')).toBe(1);
  });

  it('aborts every intent when one stream refuses', async () => {
    const { us, eu, input } = await aCase({
      participants: [
        { stream: 'account/us.1', command: 'withdraw', input: { amount: 11 } },
        { stream: 'account/eu.1', command: 'deposit', input: { amount: 11 } },
      ],
    });
    await drive(us, input);
    expect(await statesOf({ us, eu })).toEqual(['aborted']);
    expect(await outcomeOf(us, input.id)).toMatchObject({
      state: 'aborted',
      reason: { stream: 'account/us.1', problem: { code: 'rejected', balance: 10 } },
    });
    expect(us.runtime.metrics.get('TransactionAborted')).toBe(1);
    expect(await balances({ us, eu })).toEqual([10, 0]);
  });

  it('aborts if a Region is unreachable, and changes nothing in that Region', async () => {
    const { us, eu, cut, input } = await aCase();
    cut.add('eu');
    await drive(us, input);
    expect(await statesOf({ us, eu })).toEqual(['aborted']);
    expect(await outcomeOf(us, input.id)).toMatchObject({
      state: 'aborted',
      reason: { stream: 'account/eu.1', problem: { code: 'region-unreachable', retryable: false } },
    });
  });

  it('retries while a stream is busy', async () => {
    const { us, eu, input } = await aCase();
    const other = inputOf(aTransaction(), us);
    const [participant] = other.participants;
    if (!participant) expect.fail();
    await prepareOne(us, other, 1, participant);
    // An older transaction than both is next, until it gives up.
    const [intent] = (await us.table.load('account/us.1')).slice(-1);
    if (!intent) expect.fail();
    await us.table.mark(intent, { transaction: 'us:oldest', began: 0 });
    await drive(us, input);
    const attempts = await us.decisions.attempts(input.id);
    expect(attempts.map(({ state: outcome, final }) => [outcome, final])).toEqual([
      ['aborted', false],
      ['committed', true],
    ]);
    expect(attempts[0]).toMatchObject({ reason: { stream: 'account/us.1', problem: { code: 'stream-busy' } } });
    expect(await balances({ us, eu })).toEqual([5, 5]);
    // The other one is the attempt that it ended, because that held the stream for too long.
    expect(us.runtime.metrics.get('TransactionBusy')).toBe(2);
  });

  it('has the same outcome if its Region’s replica lacks earlier decisions', async () => {
    const { us, eu, input } = await aCase();
    const blind = {
      ...us,
      decisions: {
        ...us.decisions,
        attempts: async (id: string, read?: 'local' | 'strong') =>
          read === 'local' ? [] : us.decisions.attempts(id, read),
      },
    };
    await drive(us, input);
    const outcome = await outcomeOf(us, input.id);
    await drive(blind, input);
    expect(await outcomeOf(us, input.id)).toEqual(outcome);
    expect(await balances({ us, eu })).toEqual([5, 5]);
    us.runtime.advance(60_000);
    await drive(blind, input);
    expect(await us.decisions.attempts(input.id)).toHaveLength(1);
    expect(await statesOf({ us, eu })).toEqual(['committed', 'committed']);
  });

  it('ends busy if the stream is held until the deadline', async () => {
    const { us, eu, cut, input } = await aCase({ timeoutSeconds: 20 }, { strong: false });
    const other = inputOf(aTransaction({ id: 'ap:order', timeoutSeconds: 60 }), us);
    const [participant] = other.participants;
    if (!participant) expect.fail();
    await prepareOne(us, other, 1, participant);
    cut.add('ap');
    await drive(us, input);
    const attempts = await us.decisions.attempts(input.id);
    expect(attempts.length).toBeGreaterThan(1);
    expect(attempts.map(({ final }) => final)).toEqual(attempts.map((_, i) => i === attempts.length - 1));
    expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, i) => i + 1));
    expect(attempts.at(-1)).toMatchObject({
      remaining: 0,
      reason: { problem: { code: 'stream-busy', retryAfter: 1 } },
    });
    expect(us.runtime.now()).toBeLessThanOrEqual(input.deadline + 1000);
    expect((await statesOf({ us, eu })).filter((state) => state === 'prepared')).toHaveLength(1);
  });

  it.each(['plan', 'prepare', 'decide'] as const)(
    'has the same outcome if an earlier run died after the step %s',
    async (step: Step) => {
      const { us, eu, input } = await aCase();
      await drive(us, input, step);
      await drive(us, input);
      expect(await statesOf({ us, eu })).toEqual(['committed', 'committed']);
      expect(await us.decisions.attempts(input.id)).toHaveLength(1);
      expect(await balances({ us, eu })).toEqual([5, 5]);
    },
  );

  it('has the same outcome however many runs are concurrent', async () => {
    const { us, eu, input } = await aCase();
    await Promise.all([drive(us, input), drive(us, input), drive(us, input)]);
    expect(await statesOf({ us, eu })).toEqual(['committed', 'committed']);
    expect(await us.decisions.attempts(input.id)).toHaveLength(1);
    expect(us.runtime.metrics.get('TransactionCommitted')).toBe(1);
  });

  it('commits every intent with eventual decisions too', async () => {
    const { us, eu, input } = await aCase({}, { strong: false });
    await drive(us, input);
    expect(await statesOf({ us, eu })).toEqual(['committed', 'committed']);
    expect(await eu.decisions.attempts(input.id)).toEqual([]);
  });

  it('undoes nothing if it is called after the deadline of a committed transaction', async () => {
    const { us, eu, input } = await aCase();
    await drive(us, input, 'decide');
    us.runtime.advance(60_000);
    await drive(us, input);
    expect(await statesOf({ us, eu })).toEqual(['committed', 'committed']);
  });
});

describe('plan', () => {
  it('starts with the first attempt, even if an outcome was promised', async () => {
    const { us, input } = await aCase();
    expect(await planOf(us, input)).toEqual({ kind: 'prepare', attempt: 1 });
    await us.decisions.put(aPromise(recorded(input)));
    expect(await planOf(us, input)).toEqual({ kind: 'prepare', attempt: 1 });
  });

  it('continues with the attempt after the last busy one', async () => {
    const { us, input } = await aCase();
    await us.decisions.put(aBusyAttempt({ ...recorded(input), attempt: 1 }));
    await us.decisions.put(aBusyAttempt({ ...recorded(input), attempt: 2 }));
    expect(await planOf(us, input)).toEqual({ kind: 'prepare', attempt: 3 });
  });

  it('returns the committed intents, to be made final', async () => {
    const { us, input } = await aCase();
    await drive(us, input, 'decide');
    const commitId = `${input.id}#1`;
    expect(await planOf(us, input)).toEqual({
      kind: 'decided',
      intents: [
        { stream: 'account/us.1', region: 'us', log: 'us', position: 2, commitId, state: 'committed' },
        { stream: 'account/eu.1', region: 'eu', log: 'eu', position: 1, commitId, state: 'committed' },
      ],
    });
  });

  it("returns nothing to do for an abort, for another transaction's id, and for a one-Region transaction", async () => {
    const none = { kind: 'decided', intents: [] };
    const { us, input } = await aCase();
    await us.decisions.put(anAbort({ ...recorded(input) }));
    expect(await planOf(us, input)).toEqual(none);
    const reused = await aCase();
    await reused.us.decisions.put(aDecision({ ...recorded(reused.input), fingerprint: 'other' }));
    expect(await planOf(reused.us, reused.input)).toEqual(none);
    const one = await aCase();
    await one.us.table.putDecision(aDecision({ ...recorded(one.input) }));
    expect(await planOf(one.us, one.input)).toEqual(none);
  });

  it('aborts undecided attempts past the deadline, with the earlier reason', async () => {
    const { us, input } = await aCase();
    us.runtime.advance(30_000);
    expect(await planOf(us, input)).toEqual({ kind: 'decided', intents: [] });
    expect(await us.decisions.attempts(input.id)).toMatchObject([
      { attempt: 1, state: 'aborted', final: true, reason: { problem: { code: 'deadline-exceeded' } } },
    ]);
    const second = await aCase();
    const last = aBusyAttempt({ ...recorded(second.input) });
    await second.us.decisions.put(last);
    second.us.runtime.advance(30_000);
    await planOf(second.us, second.input);
    expect((await second.us.decisions.attempts(second.input.id))[1]).toMatchObject({
      final: true,
      reason: last.reason,
    });
  });

  it('is refused in a Region that does not drive the transaction', async () => {
    const { eu, input } = await aCase();
    await expect(planOf(eu, input)).rejects.toThrow(expect.objectContaining({ code: 'misdirected' }));
    await expect(coordinateStep(eu, { step: 'dance' })).rejects.toThrow();
  });
});

describe('decide', () => {
  const prepared = async () => {
    const one = await aCase();
    const answers = await prepareAll(one.us, one.input, 1);
    return { ...one, answers };
  };

  it('returns the same on a retry, and counts it once', async () => {
    const { us, input, answers } = await prepared();
    const first = await decideOn(us, input, 1, answers);
    expect(first).toMatchObject({ state: 'committed', final: true, wait: 0 });
    us.runtime.advance(5);
    expect(await decideOn(us, input, 1, answers)).toEqual(first);
    expect(us.runtime.metrics.get('TransactionCommitted')).toBe(1);
  });

  it('follows an existing decision, whatever the participants responded', async () => {
    const { us, input, answers } = await prepared();
    await us.decisions.put(anAbort({ ...recorded(input) }));
    expect(await decideOn(us, input, 1, answers)).toMatchObject({
      state: 'aborted',
      final: true,
      intents: [{ state: 'aborted' }, { state: 'aborted' }],
    });
  });

  it('finalises an intent that another run prepared, even if this run does not know it', async () => {
    const { us, eu, input, answers } = await prepared();
    const first = await decideOn(us, input, 1, answers);
    const [mine] = answers;
    if (!mine) expect.fail();
    const second = await decideOn(us, input, 1, [mine, { kind: 'unreachable', stream: 'account/eu.1' }]);
    expect(second).toEqual(first);
    await finaliseAll(us, second.intents);
    expect(await statesOf({ us, eu })).toEqual(['committed', 'committed']);
  });

  it('aborts a stray intent of its attempt, which the existing decision does not list', async () => {
    const { us, input, answers } = await prepared();
    const [mine] = intentsOf(answers);
    if (!mine) expect.fail();
    await us.decisions.put(
      aDecision({
        ...recorded(input),
        participants: [{ stream: 'account/eu.1', log: 'eu', position: 1, version: {} }],
      }),
    );
    const { intents } = await decideOn(us, input, 1, answers);
    expect(intents.map(({ stream, state }) => [stream, state])).toEqual([
      ['account/us.1', 'aborted'],
      ['account/eu.1', 'committed'],
    ]);
  });

  it('ends if the decision belongs to another transaction with the same id', async () => {
    const { us, input, answers } = await prepared();
    await us.decisions.put(aBusyAttempt({ ...recorded(input), fingerprint: 'other' }));
    expect(await decideOn(us, input, 1, answers)).toMatchObject({ state: 'aborted', final: true });
    const next = await aCase();
    const refused: Answer = { kind: 'refused', stream: 'account/eu.1', problem: { ...aProblem, code: 'id-reused' } };
    expect(await decideOn(next.us, next.input, 1, [busy('account/us.1'), refused])).toEqual({
      state: 'aborted',
      final: true,
      intents: [],
      turns: [],
      next: 0,
      wait: 0,
    });
    expect(await next.us.decisions.attempts(next.input.id)).toEqual([]);
  });

  it('gives a refusal as the reason, otherwise an unreachable participant, otherwise a busy stream', async () => {
    const answers: readonly Answer[] = [
      busy('account/us.1'),
      { kind: 'unreachable', stream: 'account/us.2' },
      { kind: 'refused', stream: 'account/us.3', problem: aProblem },
    ];
    for (const [count, stream] of [
      [3, 'account/us.3'],
      [2, 'account/us.2'],
      [1, 'account/us.1'],
    ] as const) {
      const { us, input } = await aCase();
      await decideOn(us, input, 1, answers.slice(0, count));
      expect((await us.decisions.find(input.id, 1))?.reason?.stream).toBe(stream);
    }
  });

  it('names the streams to wait for after a busy attempt, until the deadline', async () => {
    const { us, input } = await aCase({ timeoutSeconds: 240 });
    const answers = [busy('account/us.1'), busy('account/eu.1')];
    expect(await decideOn(us, input, 1, answers)).toMatchObject({
      final: false,
      turns: ['account/us.1', 'account/eu.1'],
      next: 2,
    });
    const began = input.deadline - 240_000;
    expect(await us.decisions.find(input.id, 1)).toMatchObject({ final: false, remaining: 240_000, began });
    expect(us.runtime.slept).toEqual([]);
    us.runtime.advance(240_000);
    expect(await decideOn(us, input, 2, answers)).toMatchObject({ final: true, turns: [] });
    expect(await us.decisions.find(input.id, 2)).toMatchObject({ remaining: 0 });
  });

  it('names the stream for which a waiter ended the attempt, if no other one is to be waited for', async () => {
    const { us, input, answers } = await prepared();
    const { reason } = aBusyAttempt();
    await us.decisions.put(aBusyAttempt({ ...recorded(input) }));
    expect(await decideOn(us, input, 1, answers)).toMatchObject({
      ...{ state: 'aborted', final: false, turns: [reason?.stream], next: 2 },
    });
    const again = { ...input, id: `${input.id}-again` };
    await us.decisions.put(aPromise({ ...recorded(again), attempt: 1 }));
    expect(await decideOn(us, again, 1, answers)).toMatchObject({ final: false, turns: [] });
    expect(us.runtime.slept).toEqual([]);
  });

  it('leaves a busy attempt no more time than the timeout, if the clock jumps back', async () => {
    const { us, input } = await aCase({ timeoutSeconds: 30 });
    us.runtime.advance(-3_600_000);
    await decideOn(us, input, 1, [busy('account/us.1')]);
    expect(await us.decisions.find(input.id, 1)).toMatchObject({ remaining: 30_000 });
  });
});

import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/index.ts';
import { readStream } from '../../../core/read/streams.ts';
import { outcomeHere, outcomeOf, runTransaction, runTransactionHere } from '../../../core/transaction/transact.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise } from '../../contract/decisions.ts';
import { anAppend, command } from '../a-region.ts';
import { aTransaction, aWorld, drive, type WorldOptions } from './regions.ts';

const WAIT = 10_000;

async function aCase(options: WorldOptions = {}) {
  const world = aWorld(options);
  await appendToStream(world.us, anAppend({ stream: 'account/us.1', operation: command('deposit', { amount: 10 }) }));
  return world;
}

function problem(code: string, of: object = {}) {
  return expect.objectContaining({ code, ...of });
}

describe('transact', () => {
  it('starts the state machine with an input without the members for this process only, and returns the outcome', async () => {
    const { us, eu } = await aCase();
    const transaction = { ...aTransaction(), isNew: true as const };
    expect(await runTransaction(us, transaction, WAIT)).toMatchObject({
      state: 'committed',
      participants: [{ log: 'us' }, { log: 'eu' }],
    });
    const { isNew: _isNew, ...input } = transaction;
    expect(us.machine.started).toEqual([{ ...input, deadline: expect.any(Number) }]);
    expect((await readStream(eu, 'account/eu.1')).state).toBe(5);
  });

  it('polls until there is an outcome', async () => {
    const { us } = await aCase({ drives: false });
    const transaction = aTransaction();
    const runtime = {
      ...us.runtime,
      sleep: async (milliseconds: number) => {
        await us.runtime.sleep(milliseconds);
        const [input] = us.machine.started;
        if (input && us.runtime.slept.length === 9) await drive(us, input);
      },
    };
    expect(await runTransaction({ ...us, runtime }, transaction, WAIT)).toMatchObject({ state: 'committed' });
    const pauses = us.runtime.slept.slice(0, 9);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1000);
  });

  it('returns the same on a retry, without another run', async () => {
    const { us } = await aCase();
    const transaction = aTransaction();
    const first = await runTransaction(us, transaction, WAIT);
    expect(await runTransaction(us, transaction, WAIT)).toEqual(first);
    expect(await outcomeOf(us, transaction.id)).toEqual(first);
    expect(us.machine.started).toHaveLength(1);
  });

  it('promises an outcome if there is none in time; the state machine or the resolver must keep the promise', async () => {
    const { us } = await aCase({ drives: false });
    const transaction = aTransaction();
    const { id, fingerprint } = transaction;
    const begun = us.runtime.now();
    expect(await runTransaction(us, transaction, 500)).toEqual({ id, state: 'undecided' });
    const now = us.runtime.now();
    expect(now - begun).toBeLessThanOrEqual(500);
    expect(await us.decisions.attempts(id)).toEqual([
      {
        transaction: id,
        attempt: 0,
        state: 'aborted',
        final: false,
        fingerprint,
        participants: [],
        remaining: begun + 30_000 - now,
        began: begun,
        timeout: 30_000,
        decidedAt: now,
        region: 'us',
      },
    ]);
    expect(await outcomeOf(us, id)).toEqual({ id, state: 'undecided' });
    expect(us.runtime.metrics.get('TransactionUndecided')).toBe(1);
  });

  it('does not wait if the wait is 0, and still promises an outcome', async () => {
    const { us } = await aCase({ drives: false });
    const transaction = aTransaction();
    expect(await runTransaction(us, transaction, 0)).toEqual({ id: transaction.id, state: 'undecided' });
    expect(us.runtime.slept).toEqual([]);
    expect(await us.decisions.attempts(transaction.id)).toHaveLength(1);
  });

  it('promises an outcome with no remaining time if the timeout of the transaction has passed', async () => {
    const { us } = await aCase({ drives: false });
    const transaction = aTransaction({ timeoutSeconds: 1 });
    await runTransaction(us, transaction, 5000);
    expect(await us.decisions.find(transaction.id, 0)).toMatchObject({ remaining: 0 });
  });

  it('returns an outcome that arrives while it promises one', async () => {
    const { us } = await aCase({ drives: false });
    const transaction = aTransaction();
    const committed = aDecision({ transaction: transaction.id, fingerprint: transaction.fingerprint });
    const put = async (decision: typeof committed) => {
      await us.decisions.put(committed);
      return us.decisions.put(decision);
    };
    expect(await runTransaction({ ...us, decisions: { ...us.decisions, put } }, transaction, 0)).toMatchObject({
      state: 'committed',
    });
  });

  it('returns its promise even if a read does not show the promise yet', async () => {
    const { us } = await aCase({ drives: false });
    const transaction = aTransaction();
    const decisions = { ...us.decisions, attempts: async () => [] };
    expect(await runTransaction({ ...us, decisions }, transaction, 0)).toEqual({
      id: transaction.id,
      state: 'undecided',
    });
    expect(await us.decisions.attempts(transaction.id)).toHaveLength(1);
  });

  it('is not extended by a retry, and does not become younger by one, even if it names another timeout', async () => {
    const { us } = await aCase({ drives: false });
    const transaction = aTransaction();
    await runTransaction(us, transaction, 0);
    us.runtime.advance(20_000);
    await runTransaction(us, { ...transaction, timeout: 5000 }, 0);
    const [first, second] = us.machine.started;
    expect(second).toEqual(first);
    const { us: busy } = await aCase({ drives: false });
    const { id, fingerprint } = transaction;
    const decidedAt = busy.runtime.now();
    await busy.decisions.put(aBusyAttempt({ transaction: id, fingerprint, decidedAt, remaining: 7000, region: 'us' }));
    busy.runtime.advance(3000);
    await runTransaction(busy, transaction, 0);
    expect(busy.machine.started[0]?.deadline).toBe(decidedAt + 7000);
  });

  it.each([-600_000, 600_000])(
    'goes by its own clock if a waiter in another Region, whose clock is %d ms ahead, ended an attempt',
    async (ahead) => {
      const { us } = await aCase({ drives: false });
      const transaction = aTransaction();
      const { id, fingerprint } = transaction;
      const began = us.runtime.now();
      us.runtime.advance(5000);
      const decidedAt = us.runtime.now() + ahead;
      await us.decisions.put(
        aBusyAttempt({
          transaction: id,
          fingerprint,
          decidedAt,
          remaining: 25_000,
          began,
          timeout: 30_000,
          region: 'eu',
        }),
      );
      expect(await runTransaction(us, transaction, 0)).toEqual({ id, state: 'undecided' });
      expect(us.machine.started).toMatchObject([{ deadline: began + 30_000, timeout: 30_000 }]);
      us.runtime.advance(54_000);
      expect(await outcomeOf(us, id)).toEqual({ id, state: 'undecided' });
      us.runtime.advance(2_000);
      expect(await outcomeOf(us, id)).toMatchObject({ state: 'aborted' });
    },
  );

  it('ends a promised and never executed transaction if it is retried past its deadline', async () => {
    const { us } = await aCase();
    const transaction = aTransaction();
    const { id, fingerprint } = transaction;
    await us.decisions.put(aPromise({ transaction: id, fingerprint, decidedAt: us.runtime.now(), remaining: 1000 }));
    us.runtime.advance(2000);
    expect(await runTransaction(us, transaction, WAIT)).toMatchObject({
      state: 'aborted',
      reason: { problem: { code: 'deadline-exceeded' } },
    });
  });

  it('ends a promised transaction when it is queried, if no resolver has ended it', async () => {
    const { us } = await aCase({ drives: false });
    const of = { transaction: 'us:lost', fingerprint: 'digest', decidedAt: us.runtime.now(), remaining: 1000 };
    await us.decisions.put(aPromise(of));
    us.runtime.advance(1500);
    expect(await outcomeOf(us, 'us:lost')).toEqual({ id: 'us:lost', state: 'undecided' });
    us.runtime.advance(600_000);
    const outcome = await outcomeOf(us, 'us:lost');
    expect(outcome).toMatchObject({ state: 'aborted', reason: { problem: { code: 'deadline-exceeded' } } });
    expect(await outcomeOf(us, 'us:lost')).toEqual(outcome);
    const busy = aBusyAttempt({ ...of, transaction: 'us:busy' });
    await us.decisions.put(busy);
    expect(await outcomeOf(us, 'us:busy')).toMatchObject({ state: 'aborted', reason: busy.reason });
    expect((await us.decisions.attempts('us:busy')).map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('refuses an id that belongs to another transaction, whenever that is detected', async () => {
    const { us } = await aCase();
    const transaction = aTransaction();
    await runTransaction(us, transaction, WAIT);
    const other = { ...transaction, fingerprint: 'other' };
    await expect(runTransaction(us, other, WAIT)).rejects.toThrow(problem('id-reused'));
    await expect(runTransaction(us, { ...other, isNew: true }, WAIT)).rejects.toThrow(problem('id-reused'));
    const { us: waiting } = await aCase({ drives: false });
    const promised = await runTransaction(waiting, transaction, 0);
    // If both were sent at the same moment, only the decision shows which transaction has the id.
    for (const late of [other, { ...other, isNew: true } as const])
      await expect(runTransaction(waiting, late, 0)).rejects.toThrow(problem('unavailable'));
    expect(await runTransaction(waiting, transaction, 0)).toEqual(promised);
    await waiting.decisions.put(aDecision({ transaction: transaction.id, fingerprint: transaction.fingerprint }));
    await expect(runTransaction(waiting, other, 0)).rejects.toThrow(problem('id-reused'));
  });

  it('with operations that the domain refuses now has the outcome that it got when it was taken, and is refused if it was not', async () => {
    const faults = [{ path: 'participants[0].input', message: 'is not what it was' }];
    const refused = problem('validation', { details: { faults } });
    for (const streams of [['us.1', 'eu.1'], ['us.1']]) {
      const { us } = await aCase();
      const { participants, ...all } = aTransaction();
      const own = participants.filter(({ stream }) => streams.some((id) => stream.endsWith(id)));
      const transaction = { ...all, participants: own };
      await expect(runTransaction(us, { ...transaction, faults }, WAIT)).rejects.toThrow(refused);
      expect(await outcomeOf(us, transaction.id)).toMatchObject({ state: 'unknown' });
      const first = await runTransaction(us, transaction, WAIT);
      expect(await runTransaction(us, { ...transaction, faults }, WAIT)).toEqual(first);
      const other = { ...transaction, fingerprint: 'other', faults };
      await expect(runTransaction(us, other, WAIT)).rejects.toThrow(problem('id-reused'));
    }
    const { us: waiting } = await aCase({ drives: false });
    const transaction = aTransaction();
    const promised = await runTransaction(waiting, transaction, 0);
    expect(await runTransaction(waiting, { ...transaction, faults }, WAIT)).toEqual(promised);
  });

  it('reports that the state machine cannot be started: nothing was promised', async () => {
    const { us } = await aCase();
    const down = new MeridianError('unavailable', 'No machine.', { retryable: true });
    const machine = { ...us.machine, start: () => Promise.reject(down) };
    const transaction = aTransaction();
    await expect(runTransaction({ ...us, machine }, transaction, WAIT)).rejects.toBe(down);
    expect(await outcomeOf(us, transaction.id)).toEqual({ id: transaction.id, state: 'unknown' });
  });
});

describe('a transaction that another Region drives', () => {
  it('is passed on to it, with a wait within the time of the call', async () => {
    const { eu, us, calls } = await aCase();
    const transaction = aTransaction();
    expect(await runTransaction(eu, transaction, 60_000)).toMatchObject({ state: 'committed' });
    expect(us.machine.started).toHaveLength(1);
    expect(eu.machine.started).toEqual([]);
    expect(calls[0]).toMatchObject({ region: 'us', asked: { transact: { id: transaction.id }, wait: 20_000 } });
    expect(await outcomeOf(eu, transaction.id)).toMatchObject({ state: 'committed' });
    expect(await outcomeOf(eu, 'us:never')).toEqual({ id: 'us:never', state: 'unknown' });
  });

  it('is refused by that Region as it would be here', async () => {
    const { eu, us } = await aCase();
    const transaction = aTransaction();
    await runTransaction(us, transaction, WAIT);
    await expect(runTransaction(eu, { ...transaction, fingerprint: 'other' }, WAIT)).rejects.toThrow(
      problem('id-reused'),
    );
  });

  it('may have run although that Region does not respond, and reports that', async () => {
    const { eu, cut } = await aCase();
    cut.add('us');
    await expect(runTransaction(eu, aTransaction(), WAIT)).rejects.toThrow(
      problem('region-unreachable', { retryable: true }),
    );
  });

  it('is not passed on any further', async () => {
    const { eu } = await aCase();
    await expect(runTransactionHere(eu, aTransaction(), WAIT)).rejects.toThrow(
      problem('misdirected', { details: { driving: 'us' } }),
    );
    await expect(outcomeHere(eu, 'us:order')).rejects.toThrow(problem('misdirected'));
  });

  it('can be queried here while that Region is lost, if decisions are strong and a decision exists', async () => {
    const { eu, us, cut } = await aCase();
    const transaction = aTransaction();
    const outcome = await runTransaction(us, transaction, WAIT);
    cut.add('us');
    expect(await outcomeOf(eu, transaction.id)).toEqual(outcome);
    await us.decisions.put(aBusyAttempt({ transaction: 'us:busy' }));
    for (const id of ['us:busy', 'us:never'])
      await expect(outcomeOf(eu, id)).rejects.toThrow(problem('region-unreachable'));
    await us.decisions.put(anAbort({ transaction: 'us:aborted' }));
    expect(await outcomeOf(eu, 'us:aborted')).toMatchObject({ state: 'aborted' });
  });

  it('can be queried while that Region is lost where its decision has arrived, if decisions are eventual', async () => {
    const { eu, us, cut } = await aCase({ strong: false });
    const transaction = aTransaction();
    const outcome = await runTransaction(us, transaction, WAIT);
    cut.add('us');
    await expect(outcomeOf(eu, transaction.id)).rejects.toThrow(problem('region-unreachable'));
    eu.decisions.replicate(aBusyAttempt({ transaction: transaction.id, attempt: 0 }));
    await expect(outcomeOf(eu, transaction.id)).rejects.toThrow(problem('region-unreachable'));
    for (const decision of await us.decisions.attempts(transaction.id)) eu.decisions.replicate(decision);
    expect(await outcomeOf(eu, transaction.id)).toEqual(outcome);
  });

  it.each([undefined, {}, { outcome: {} }, { outcome: { id: 'us:a', state: 'lost' } }, { problem: 'no' }])(
    'does not accept %j as an outcome',
    async (answer) => {
      const { eu } = await aCase();
      await expect(
        runTransaction({ ...eu, remote: { invoke: async () => answer } }, aTransaction(), WAIT),
      ).rejects.toThrow();
    },
  );
});

import { describe, expect, it } from 'vitest';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { Transaction } from '../../../core/facts/transaction.ts';
import { defineDomain, defineStream, MeridianError, reject } from '../../../core/index.ts';
import { isOneRegion } from '../../../core/transaction/one-region.ts';
import { outcomeOf, runTransaction } from '../../../core/transaction/transact.ts';
import { encodeVersionToken } from '../../../core/wire/version-token.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, buggyAccount, command, domainWithSnapshots, watched } from '../a-region.ts';
import {
  A,
  aBank,
  another,
  B,
  balances,
  deposit,
  depositing,
  holdA,
  interfered,
  local,
  WAIT,
  withdrawing,
} from './one-region-fixture.ts';
import { aTransaction, type Region } from './regions.ts';

describe('a transaction of one Region', () => {
  it('is a transaction whose driving Region is the home of all its streams', () => {
    const us = aRegion();
    expect(isOneRegion(us, local())).toBe(true);
    expect(isOneRegion(us, aTransaction())).toBe(false);
    expect(isOneRegion(us, local({ id: 'eu:1' }))).toBe(false);
  });

  it('is one request if its streams are warm and its id is new', async () => {
    const us = await aBank();
    const transaction: Transaction = { ...local(), id: 'us:new', isNew: true };
    expect(await runTransaction(us, transaction, WAIT)).toEqual({
      id: 'us:new',
      state: 'committed',
      participants: [
        { stream: A, log: 'us', position: 2, version: { us: 2 } },
        { stream: B, log: 'us', position: 2, version: { us: 2 } },
      ],
    });
    expect(us.events.calls).toEqual(['transact']);
    expect(us.machine.started).toEqual([]);
    expect(await balances(us)).toEqual([5, 5]);
    const [, commit] = await us.table.load(A);
    expect(commit).toMatchObject({ commitId: 'us:new#1', fingerprint: transaction.fingerprint });
    expect(commit).not.toHaveProperty('tx');
    expect(us.runtime.metrics.get('TransactionCommitted')).toBe(1);
  });

  it('leaves its streams warm', async () => {
    const us = await aBank();
    await runTransaction(us, local(), WAIT);
    us.events.calls.length = 0;
    await runTransaction(us, { ...local(), isNew: true }, WAIT);
    expect(us.events.calls).toEqual(['transact']);
    expect(await balances(us)).toEqual([0, 10]);
  });

  it('has the same outcome on a retry, in this process and in another one, and while it is still running', async () => {
    const us = await aBank();
    const transaction = local();
    const answers = await Promise.all([
      runTransaction(us, transaction, WAIT),
      runTransaction(another(us), transaction, WAIT),
    ]);
    answers.push(await runTransaction(another(us), transaction, WAIT), await outcomeOf(us, transaction.id));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await balances(us)).toEqual([5, 5]);
  });

  it('stores an abort: the same id is refused even once the transaction would be possible', async () => {
    const us = await aBank();
    const transaction = local({ participants: [withdrawing(11), depositing(11)] });
    const aborted = await runTransaction(us, transaction, WAIT);
    expect(aborted).toMatchObject({
      state: 'aborted',
      reason: { stream: A, problem: { code: 'rejected', balance: 10 } },
    });
    expect(us.runtime.metrics.get('TransactionAborted')).toBe(1);
    await deposit(us, A, 10);
    expect(await runTransaction(another(us), transaction, WAIT)).toEqual(aborted);
    expect(await balances(us)).toEqual([20, 0]);
  });

  it('returns the outcome stored first if another run aborted in between', async () => {
    const us = await aBank();
    const transaction = local();
    const { id: of, fingerprint } = transaction;
    const kept = anAbort({ transaction: of, fingerprint });
    const us2 = interfered(us, () => us.table.putDecision(kept));
    expect(await runTransaction(us2, transaction, WAIT)).toEqual({ id: of, state: 'aborted', reason: kept.reason });
    const refused = local({ participants: [withdrawing(11)] });
    const committed = aDecision({ transaction: refused.id, fingerprint: refused.fingerprint });
    const events = { ...watched(us.table), findDecision: async () => undefined };
    await us.table.putDecision(committed);
    expect(await runTransaction({ ...us, events }, refused, WAIT)).toMatchObject({ state: 'committed' });
  });

  it('pins streams that it only checks: after a concurrent change it is decided again', async () => {
    const us = await aBank();
    const checks = [{ stream: B, expected: encodeVersionToken(B, { us: 1 }) }];
    expect(await runTransaction(us, local({ participants: [withdrawing(5)], checks }), WAIT)).toMatchObject({
      state: 'committed',
      participants: [
        { stream: A, position: 2 },
        { stream: B, position: 1, version: { us: 1 } },
      ],
    });
    expect(us.events.calls).toEqual(['transact']);
    const late = interfered(us, () => deposit(another(us), B, 1));
    expect(await runTransaction(late, local({ participants: [withdrawing(5)], checks }), WAIT)).toMatchObject({
      state: 'aborted',
      reason: { stream: B, problem: { code: 'version-conflict' } },
    });
    expect(await balances(us)).toEqual([5, 1]);
  });

  it('writes nothing for a command that changes nothing, but still pins its stream', async () => {
    const us = await aBank();
    const transaction = local({ participants: [withdrawing(0), depositing(1)] });
    expect(await runTransaction(us, transaction, WAIT)).toMatchObject({ state: 'committed' });
    expect(await us.table.load(A)).toHaveLength(1);
  });

  it('decides again after losing a race to an append', async () => {
    const us = await aBank();
    const faster = interfered(us, () =>
      appendToStream(another(us), anAppend({ stream: A, operation: command('withdraw', { amount: 4 }) })),
    );
    expect(await runTransaction(faster, local(), WAIT)).toMatchObject({
      state: 'committed',
      participants: [{ position: 3 }, { position: 2 }],
    });
    expect(us.runtime.metrics.get('AppendConflict')).toBe(1);
    expect(await balances(us)).toEqual([1, 5]);
    const fasterStill = interfered(us, () =>
      appendToStream(another(us), anAppend({ stream: A, operation: command('withdraw', { amount: 1 }) })),
    );
    expect(await runTransaction(fasterStill, local({ participants: [withdrawing(1)] }), WAIT)).toMatchObject({
      state: 'aborted',
      reason: { problem: { code: 'rejected', balance: 0 } },
    });
  });

  it('refuses nothing based on a stale warm copy', async () => {
    const us = await aBank();
    await deposit(another(us), A, 90);
    expect(await runTransaction(us, local({ participants: [withdrawing(100)] }), WAIT)).toMatchObject({
      state: 'committed',
    });
  });

  it('continues after a decided intent, even if it finds the intent only when it writes', async () => {
    for (const warm of [true, false]) {
      const us = await aBank();
      if (!warm) await holdA(us);
      const process = warm ? interfered(us, () => holdA(us)) : another(us);
      await us.decisions.put(anAbort({ transaction: 'us:other' }));
      expect(await runTransaction(process, local(), WAIT)).toMatchObject({
        state: 'committed',
        participants: [{ position: 3 }, {}],
      });
    }
  });

  it('waits for an undecided intent, and has it aborted at its deadline', async () => {
    const us = await aBank();
    await holdA(us);
    expect(await runTransaction(another(us), local(), WAIT)).toMatchObject({ state: 'committed' });
    expect(await us.decisions.find('us:other', 1)).toMatchObject({ state: 'aborted' });
  });

  it('is permanently aborted as busy if it gets no position within its timeout, or within 10 s', async () => {
    for (const timeoutSeconds of [2, 240]) {
      const us = await aBank();
      const busy = { ...us.table, transact: async () => ({ taken: [], contended: [B] }) };
      const begun = us.runtime.elapsed();
      const transaction = local({ timeoutSeconds });
      const answer = await runTransaction({ ...us, events: watched(busy) }, transaction, WAIT);
      expect(answer).toMatchObject({
        state: 'aborted',
        reason: { stream: B, problem: { code: 'stream-busy', retryable: false } },
      });
      expect(us.runtime.elapsed() - begun).toBeLessThanOrEqual(Math.min(timeoutSeconds, 10) * 1000);
      expect(await runTransaction(us, transaction, WAIT)).toEqual(answer);
    }
  });

  it('retries after conflicts with concurrent writers', async () => {
    const us = await aBank();
    let tries = 0;
    const contended = {
      ...us.table,
      transact: async (write: Parameters<Region['table']['transact']>[0]) =>
        ++tries < 3 ? { taken: [], contended: [A] } : us.table.transact(write),
    };
    expect(await runTransaction({ ...us, events: watched(contended) }, local(), WAIT)).toMatchObject({
      state: 'committed',
    });
    expect(us.runtime.slept.length).toBe(2);
  });

  it('returns its outcome on a retry if the response of the write is lost', async () => {
    const us = await aBank();
    const down = new MeridianError('unavailable', 'No answer.', { retryable: true });
    const losing = {
      ...us.table,
      transact: async (write: Parameters<Region['table']['transact']>[0]) => {
        await us.table.transact(write);
        throw down;
      },
    };
    const transaction = local();
    await expect(runTransaction({ ...us, events: watched(losing) }, transaction, WAIT)).rejects.toBe(down);
    expect(await runTransaction(us, transaction, WAIT)).toMatchObject({ state: 'committed' });
    expect(await balances(us)).toEqual([5, 5]);
  });

  it('reads again if the winner of the race had seen more of another log than this copy', async () => {
    const us = await aBank();
    const foreign = aCommit({
      stream: A,
      log: 'eu',
      region: 'eu',
      context: {},
      previous: 0,
      hlc: nextStamp(us.runtime.now() - 1000),
      events: [{ type: 'Deposited', schemaVersion: 2, data: { amount: 100 } }],
    });
    const behind = interfered(us, async () => {
      us.table.replicate(foreign);
      await deposit(another(us), A, 1);
    });
    expect(await runTransaction(behind, local({ participants: [withdrawing(5)] }), WAIT)).toMatchObject({
      participants: [{ version: { us: 3, eu: 1 } }],
    });
    expect((await us.table.load(A)).at(-1)?.context).toEqual({ us: 2, eu: 1 });
  });

  it('reads again if its base is no longer usable', async () => {
    const us = await aBank(domainWithSnapshots({ every: 2, codeVersion: 1 }));
    const foreign = aCommit({
      stream: A,
      log: 'eu',
      region: 'eu',
      context: {},
      previous: 0,
      hlc: nextStamp(us.runtime.now() + 5),
      events: [{ type: 'Deposited', schemaVersion: 2, data: { amount: 100 } }],
    });
    await deposit(us, A, 1);
    us.warm.get(A)?.history.add([foreign]);
    us.table.replicate(foreign);
    expect(await runTransaction(us, local({ participants: [withdrawing(111)] }), WAIT)).toMatchObject({
      state: 'committed',
    });
  });

  it('reads again if the winner of the race had seen less than the snapshot of its copy includes', async () => {
    const us = await aBank(domainWithSnapshots({ every: 2, codeVersion: 1 }));
    const events = [{ type: 'Deposited', schemaVersion: 2, data: { amount: 100 } }];
    const at = (after: number) => nextStamp(us.runtime.now() + after);
    const shared = { stream: A, events, previous: 1 };
    us.table.replicate(aCommit({ ...shared, log: 'eu', region: 'eu', context: { us: 1 }, hlc: at(5) }));
    us.warm.clear();
    const faster = interfered(us, () =>
      us.table.put(aCommit({ ...shared, log: 'us', position: 2, context: { us: 1 }, hlc: at(9) })),
    );
    expect(await runTransaction(faster, local({ participants: [withdrawing(5)] }), WAIT)).toMatchObject({
      state: 'committed',
      participants: [{ position: 3, version: { us: 3, eu: 1 } }],
    });
  });

  it("is permanently aborted by a bug of the domain, and logs the bug's error", async () => {
    const us = aRegion('us', fakeRuntime(), defineDomain({ streams: [buggyAccount], views: [] }));
    expect(await runTransaction(us, local({ participants: [depositing(5)] }), WAIT)).toMatchObject({
      state: 'aborted',
      reason: {
        stream: B,
        problem: {
          code: 'internal',
          detail: 'Unexpected error. Its cause is logged in us: fix it, and send the transaction again under a new id.',
          retryable: false,
        },
      },
    });
    expect(us.runtime.unexpectedErrors).toEqual([new TypeError('A bug of the domain.')]);
  });

  it('throws temporary errors, and stores no abort', async () => {
    const us = aRegion();
    const down = new MeridianError('unavailable', 'The table is throttled.', { retryable: true });
    const events = watched(us.table, (call) => (call === 'load' ? Promise.reject(down) : undefined));
    const transaction = local();
    await expect(runTransaction({ ...us, events }, transaction, WAIT)).rejects.toBe(down);
    expect(await outcomeOf(us, transaction.id)).toEqual({ id: transaction.id, state: 'unknown' });
  });

  it('aborts if the code cannot read a stream', async () => {
    const us = await aBank();
    const transaction: Transaction = {
      ...local(),
      participants: [{ stream: A, operation: command('rob', {}) }],
    };
    expect(await runTransaction(us, transaction, WAIT)).toMatchObject({
      state: 'aborted',
      reason: { stream: A, problem: { code: 'unknown-command' } },
    });
  });

  it('throws, and stores no abort, if only newer code knows an event of a stream: a retry after its deployment succeeds', async () => {
    const us = await aBank();
    const events = [{ type: 'Lost', schemaVersion: 1, data: 0 }];
    us.table.replicate(aCommit({ stream: B, log: 'us', position: 2, context: { us: 1 }, events }));
    const transaction = local();
    await expect(runTransaction(us, transaction, WAIT)).rejects.toThrow(
      expect.objectContaining({ code: 'unreadable-event', retryable: true }),
    );
    expect(await outcomeOf(us, transaction.id)).toMatchObject({ state: 'unknown' });
  });

  it('is aborted permanently if its events exceed one write', async () => {
    const us = await aBank();
    const tooLarge = new MeridianError('too-large', 'An item holds less.');
    const transaction = local();
    const events = watched(us.table, (call) => (call === 'transact' ? Promise.reject(tooLarge) : undefined));
    const answer = await runTransaction({ ...us, events }, transaction, WAIT);
    expect(answer).toMatchObject({ state: 'aborted', reason: { problem: { code: 'too-large' } } });
    expect(await runTransaction(us, transaction, WAIT)).toEqual(answer);
    const bug = new Error('a bug');
    const broken = watched(us.table, (call) => (call === 'transact' ? Promise.reject(bug) : undefined));
    await expect(runTransaction({ ...us, events: broken }, local(), WAIT)).rejects.toBe(bug);
  });

  it('stores a problem that fits if a refusal is too long, or if a command returns too many events', async () => {
    const input = account.commands.deposit?.input ?? expect.fail();
    const talker = defineStream({
      ...account,
      commands: {
        talk: {
          input,
          decide: () => {
            throw reject('No.', { why: 'x'.repeat(500_000) });
          },
        },
        flood: {
          input,
          decide: () => Array.from({ length: 8000 }, () => ({ type: 'Deposited' as const, data: { amount: 1 } })),
        },
      },
    });
    const us = aRegion('us', fakeRuntime(), defineDomain({ streams: [note, talker], views: [] }));
    const asking = (name: string): Transaction => ({
      ...local(),
      participants: [{ stream: A, operation: command(name, { amount: 1 }) }],
    });
    const talked = await runTransaction(us, asking('talk'), WAIT);
    expect(talked).toMatchObject({ state: 'aborted', reason: { problem: { code: 'rejected' } } });
    expect(JSON.stringify(talked).length).toBeLessThan(250_000);
    expect(await runTransaction(us, asking('flood'), WAIT)).toMatchObject({
      reason: { problem: { code: 'too-large' } },
    });
  });

  it('stores a snapshot of a stream that has become long', async () => {
    const us = await aBank(domainWithSnapshots({ every: 2, codeVersion: 1 }));
    await runTransaction(us, local(), WAIT);
    expect(await us.snapshots.newest(A, 1)).toMatchObject({ version: { us: 2 }, state: 5 });
  });
});

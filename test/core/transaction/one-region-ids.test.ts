import { describe, expect, it } from 'vitest';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { MeridianError } from '../../../core/index.ts';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { runTransaction } from '../../../core/transaction/transact.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision, aPromise } from '../../contract/decisions.ts';
import { anAppend, command, watched } from '../a-region.ts';
import { A, aBank, another, B, balances, depositing, holdA, local, WAIT, withdrawing } from './one-region-fixture.ts';

describe('the id of a transaction of one Region', () => {
  it('refuses an id that belongs to another transaction', async () => {
    const us = await aBank();
    const first = local();
    await runTransaction(us, first, WAIT);
    const other = local({ id: first.id, participants: [withdrawing(1)] });
    for (const region of [us, { ...us, events: { ...watched(us.table), findDecision: async () => undefined } }])
      await expect(runTransaction(region, other, WAIT)).rejects.toThrow(expect.objectContaining({ code: 'id-reused' }));
  });

  it('refuses an id that belongs to a multi-Region transaction, and writes nothing', async () => {
    const us = await aBank();
    const transaction = local();
    await us.decisions.put(aDecision({ transaction: transaction.id }));
    await expect(runTransaction(us, transaction, WAIT)).rejects.toThrow(expect.objectContaining({ code: 'id-reused' }));
    expect(us.events.calls).toEqual(['findDecision']);
  });

  it('returns the outcome of its first request even if that was a multi-Region transaction', async () => {
    const us = await aBank();
    const transaction = local();
    const participants = [{ stream: A, log: 'us', position: 2, version: { us: 2 } }];
    await us.decisions.put(
      aDecision({ transaction: transaction.id, fingerprint: transaction.fingerprint, participants }),
    );
    expect(await runTransaction(us, transaction, WAIT)).toEqual({
      id: transaction.id,
      state: 'committed',
      participants,
    });
    expect(us.events.calls).toEqual(['findDecision']);
  });

  it('continues with the state machine if its first request was a multi-Region one and is still undecided', async () => {
    const us = await aBank();
    const transaction = local();
    await us.decisions.put(aPromise({ transaction: transaction.id, fingerprint: transaction.fingerprint }));
    expect(await runTransaction(us, transaction, 0)).toMatchObject({ state: 'undecided' });
    expect(us.machine.started).toMatchObject([{ id: transaction.id }]);
    expect(us.events.calls).toEqual(['findDecision']);
  });

  it('returns the outcome of a multi-Region first request even if it finds only a commit of it in one of the streams', async () => {
    const us = await aBank();
    const transaction = local();
    const { id, fingerprint } = transaction;
    const earlier = aCommit({ stream: A, log: 'us', region: 'us', position: 2, commitId: `${id}#1`, fingerprint });
    await us.table.put({ ...earlier, hlc: nextStamp(us.runtime.now(), undefined), context: { us: 1 }, previous: 1 });
    const attempts: (typeof us)['decisions']['attempts'] = async () => [];
    const stale = { ...another(us), decisions: { ...us.decisions, attempts } };
    await expect(runTransaction(stale, transaction, WAIT)).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable', retryable: true }),
    );
    await us.decisions.put(aDecision({ transaction: id, fingerprint }));
    let reads = 0;
    stale.decisions.attempts = async (...args) => (reads++ === 0 ? [] : us.decisions.attempts(...args));
    expect(await runTransaction(stale, transaction, WAIT)).toMatchObject({ state: 'committed' });
    expect(stale.events.calls).not.toContain('transact');
  });

  it.each([
    ['id-reused', { participants: [withdrawing(1), depositing(1)] }],
    ['unavailable', {}],
  ])('records nothing while an attempt of its id holds one of its streams: %s', async (code, of) => {
    const us = await aBank();
    const { id, fingerprint } = local();
    const participant = { stream: A, operation: command('withdraw', { amount: 5 }) };
    await prepareIntent(us, { transaction: id, attempt: 1, fingerprint, participant, remaining: 30_000, meta: {} });
    const begun = us.runtime.elapsed();
    await expect(runTransaction(us, local({ id, ...of }), WAIT)).rejects.toThrow(expect.objectContaining({ code }));
    expect(await us.table.findDecision(id)).toBeUndefined();
    expect(us.runtime.elapsed()).toBe(begun);
  });

  it('records no refusal if an earlier request with its id has written one of its streams', async () => {
    const us = await aBank();
    const transaction = local({
      participants: [withdrawing(10), { stream: B, command: 'withdraw', input: { amount: 1 } }],
    });
    const { id, fingerprint } = transaction;
    const [participant] = transaction.participants;
    if (!participant) expect.fail();
    await prepareIntent(us, { transaction: id, attempt: 1, fingerprint, participant, remaining: 30_000, meta: {} });
    const [, intent] = await us.table.load(A);
    if (!intent) expect.fail();
    await us.table.finalise(intent, 'committed');
    const error = await runTransaction(another(us), transaction, WAIT).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'unavailable', retryable: true });
    expect(await us.table.findDecision(id)).toBeUndefined();
  });

  it('throws an error of its table, which is no refusal, and records no outcome', async () => {
    const us = await aBank();
    await holdA(us);
    const broken = {
      ...another(us),
      events: watched(us.table, async (call) => {
        if (call === 'at') throw new MeridianError('internal', 'not a commit');
      }),
    };
    const transaction = local();
    await expect(runTransaction(broken, transaction, WAIT)).rejects.toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
    expect(await us.table.findDecision(transaction.id)).toBeUndefined();
  });

  it('keeps its outcome if a multi-Region transaction was promised under its id at the same moment', async () => {
    const us = await aBank();
    const transaction = local();
    const committed = await runTransaction(us, transaction, WAIT);
    await us.decisions.put(aPromise({ transaction: transaction.id }));
    expect(await runTransaction(us, transaction, WAIT)).toEqual(committed);
  });

  it('refuses an id that another request on one of its streams has used, and records no outcome', async () => {
    const us = await aBank();
    const transaction = local();
    const commitId = `${transaction.id}#1`;
    await appendToStream(us, anAppend({ stream: A, commitId, operation: command('deposit', { amount: 1 }) }));
    await expect(runTransaction(us, transaction, WAIT)).rejects.toThrow(expect.objectContaining({ code: 'id-reused' }));
    expect(await us.events.findDecision(transaction.id)).toBeUndefined();
    expect(await balances(us)).toEqual([11, 0]);
  });

  it.each([5, 11])('returns its own outcome on a retry while one of its streams is held: %i of 10', async (amount) => {
    const us = await aBank();
    const transaction = local({ participants: [withdrawing(amount), depositing(amount)] });
    const first = await runTransaction(us, transaction, WAIT);
    await holdA(us);
    us.runtime.slept.length = 0;
    expect(await runTransaction(another(us), transaction, WAIT)).toEqual(first);
    expect(us.runtime.slept).toEqual([]);
  });
});

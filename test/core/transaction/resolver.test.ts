import { describe, expect, it } from 'vitest';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { resolveMessages } from '../../../core/transaction/resolver.ts';
import { encodeResolverMessage } from '../../../core/wire/resolver.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise } from '../../contract/decisions.ts';
import { command } from '../a-region.ts';
import { aWorld, type Region } from './regions.ts';

const ACCOUNT = 'account/us.1';
const REQUEST = 'digest-of-the-request';

async function hold(region: Region, transaction = 'us:order-1') {
  const participant = { stream: ACCOUNT, operation: command('deposit', { amount: 5 }) };
  await prepareIntent(region, {
    transaction,
    attempt: 1,
    fingerprint: REQUEST,
    participant,
    remaining: 30_000,
    meta: {},
  });
}

function anIntentMessage(transaction = 'us:order-1', position = 1): string {
  return encodeResolverMessage({ kind: 'intent', stream: ACCOUNT, log: 'us', position, attemptId: `${transaction}#1` });
}
function anAttemptMessage(attempt: number): string {
  return encodeResolverMessage({ kind: 'attempt', transaction: 'us:order-1', attempt, fingerprint: REQUEST });
}

async function stateOf(region: Region) {
  return (await region.table.load(ACCOUNT))[0]?.tx?.state;
}

function commits(transaction = 'us:order-1') {
  return aDecision({ transaction, participants: [{ stream: ACCOUNT, log: 'us', position: 1, version: { us: 1 } }] });
}

describe('the resolver', () => {
  it.each([
    ['committed', commits()],
    ['aborted', anAbort({ transaction: 'us:order-1' })],
  ])('finalises an intent that is %s', async (state, decision) => {
    const { us } = aWorld();
    await hold(us);
    await us.decisions.put(decision);
    expect(await resolveMessages(us, [anIntentMessage()])).toEqual([undefined]);
    expect(await stateOf(us)).toBe(state);
    expect(us.runtime.metrics.get('IntentResolved')).toBe(1);
  });

  it('has a message redelivered before the deadline of its intent, and aborts the intent after that', async () => {
    const { us } = aWorld();
    await hold(us);
    // Longer than an attempt may hold a stream that others wait for: it knows of no waiter.
    us.runtime.advance(10_000);
    expect(await resolveMessages(us, [anIntentMessage()])).toEqual([
      'us:order-1#1 is undecided, and its deadline has not passed',
    ]);
    expect(await stateOf(us)).toBe('prepared');
    us.runtime.advance(20_000);
    expect(await resolveMessages(us, [anIntentMessage()])).toEqual([undefined]);
    expect(await stateOf(us)).toBe('aborted');
    expect(await us.decisions.find('us:order-1', 1)).toMatchObject({
      state: 'aborted',
      final: true,
      fingerprint: REQUEST,
    });
  });

  it('ignores an id that belongs to a one-Region transaction', async () => {
    const { us } = aWorld();
    await us.decisions.put(aPromise({ transaction: 'us:order-1', fingerprint: REQUEST }));
    await us.table.putDecision(aDecision({ transaction: 'us:order-1' }));
    us.runtime.advance(60_000);
    expect(await resolveMessages(us, [anAttemptMessage(1)])).toEqual([undefined]);
    expect(await us.decisions.attempts('us:order-1')).toHaveLength(1);
  });

  it('counts the transactions that it aborts', async () => {
    const { us } = aWorld();
    await hold(us);
    expect(us.runtime.metrics.get('Appended')).toBe(1);
    us.runtime.advance(30_000);
    await resolveMessages(us, [anIntentMessage(), anIntentMessage()]);
    expect(us.runtime.metrics.get('TransactionAborted')).toBe(1);
  });

  it('is harmless if it is delivered twice, late, or for an unknown attempt', async () => {
    const { us } = aWorld();
    await hold(us);
    await us.decisions.put(commits());
    await resolveMessages(us, [anIntentMessage(), anIntentMessage()]);
    expect(await resolveMessages(us, [anIntentMessage(), anIntentMessage('us:order-1', 7)])).toEqual([
      undefined,
      undefined,
    ]);
    expect(await stateOf(us)).toBe('committed');
  });

  it('finalises an intent in the home of its stream once the driving Region, which decides, is reachable', async () => {
    const { us, eu, cut } = aWorld({ strong: false });
    await hold(us, 'eu:order-1');
    us.runtime.advance(30_000);
    cut.add('eu');
    expect(await resolveMessages(us, [anIntentMessage('eu:order-1')])).toEqual([
      expect.stringContaining('no connection'),
    ]);
    expect(await stateOf(us)).toBe('prepared');
    cut.clear();
    expect(await resolveMessages(us, [anIntentMessage('eu:order-1')])).toEqual([undefined]);
    expect(await stateOf(us)).toBe('aborted');
    expect(await eu.decisions.find('eu:order-1', 1)).toMatchObject({ state: 'aborted', region: 'eu' });
  });

  it.each(['not JSON', '{}', '{"kind":"intent"}', '[]'])(
    'leaves the malformed message %s for an operator to examine',
    async (body) => {
      expect(await resolveMessages(aWorld().us, [body, anAttemptMessage(9)])).toEqual([expect.any(String), undefined]);
    },
  );

  it('aborts an attempt that should have followed a busy attempt but did not, with the reason of the busy attempt', async () => {
    const { us } = aWorld();
    const busy = aBusyAttempt({ transaction: 'us:order-1' });
    await us.decisions.put(busy);
    expect(await resolveMessages(us, [anAttemptMessage(2), anAttemptMessage(2)])).toEqual([undefined, undefined]);
    expect(await us.decisions.attempts('us:order-1')).toMatchObject([
      { attempt: 1, final: false },
      { attempt: 2, final: true, state: 'aborted', fingerprint: REQUEST, reason: busy.reason },
    ]);
  });

  it('aborts a transaction with a promised outcome if no attempt was made', async () => {
    const { us } = aWorld();
    await us.decisions.put(aPromise({ transaction: 'us:order-1' }));
    await resolveMessages(us, [anAttemptMessage(1)]);
    expect((await us.decisions.attempts('us:order-1'))[1]).toMatchObject({
      final: true,
      reason: { problem: { code: 'deadline-exceeded' } },
    });
  });

  it('ignores a message that no record has caused: the id stays free for the request that uses it', async () => {
    const { us } = aWorld();
    us.runtime.advance(60_000);
    expect(await resolveMessages(us, [anAttemptMessage(0), anAttemptMessage(1), anAttemptMessage(2)])).toEqual(
      Array(3).fill(undefined),
    );
    expect(await us.decisions.attempts('us:order-1')).toEqual([]);

    await us.decisions.put(aPromise({ transaction: 'us:order-1', fingerprint: 'of-another-request' }));
    expect(await resolveMessages(us, [anAttemptMessage(1)])).toEqual([undefined]);
    expect(await us.decisions.attempts('us:order-1')).toHaveLength(1);
    await us.decisions.put(aBusyAttempt({ transaction: 'us:order-2', attempt: 1 }));
    const skipping = encodeResolverMessage({
      kind: 'attempt',
      transaction: 'us:order-2',
      attempt: 3,
      fingerprint: REQUEST,
    });
    expect(await resolveMessages(us, [skipping])).toEqual([undefined]);
    expect(await us.decisions.attempts('us:order-2')).toHaveLength(1);
  });

  it('does not end an attempt before its deadline, however early a message about it arrives', async () => {
    const { us } = aWorld();
    const decidedAt = us.runtime.now();
    await us.decisions.put(aBusyAttempt({ transaction: 'us:order-1', region: 'us', decidedAt, remaining: 20_000 }));
    us.runtime.advance(19_999);
    expect(await resolveMessages(us, [anAttemptMessage(2)])).toEqual([
      'us:order-1#2 is undecided, and its deadline has not passed',
    ]);
    expect(await us.decisions.attempts('us:order-1')).toHaveLength(1);
    us.runtime.advance(1);
    expect(await resolveMessages(us, [anAttemptMessage(2)])).toEqual([undefined]);
    expect(await us.decisions.attempts('us:order-1')).toHaveLength(2);
  });

  it('ignores a transaction with an outcome, or with a later attempt, because that attempt has its own message', async () => {
    const { us } = aWorld();
    await us.decisions.put(aBusyAttempt({ transaction: 'us:order-1' }));
    await us.decisions.put(aBusyAttempt({ transaction: 'us:order-1', attempt: 2 }));
    await resolveMessages(us, [anAttemptMessage(2)]);
    expect(await us.decisions.attempts('us:order-1')).toHaveLength(2);
    await us.decisions.put(aDecision({ transaction: 'us:order-1', attempt: 3 }));
    await resolveMessages(us, [anAttemptMessage(2), anAttemptMessage(3), anAttemptMessage(4)]);
    expect((await us.decisions.attempts('us:order-1')).map(({ state: outcome }) => outcome)).toEqual([
      'aborted',
      'aborted',
      'committed',
    ]);
  });
});

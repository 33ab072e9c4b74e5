import { describe, expect, it } from 'vitest';
import { attemptIdOf, finalOf, stateIn } from '../../../core/facts/decision.ts';
import { drivingRegionOf, isTransactionId, parseAttemptId } from '../../../core/facts/transaction.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';

describe('the ids of transactions', () => {
  it('name the driving Region, and are part of the ids of their attempts', () => {
    const parts = { transaction: 'eu:order-17', attempt: 12 };
    expect(attemptIdOf(parts)).toBe('eu:order-17#12');
    expect(parseAttemptId('eu:order-17#12')).toEqual(parts);
    expect(drivingRegionOf('eu:order-17')).toBe('eu');
  });

  it.each(['us-east-1:a', `us:${'k'.repeat(120)}`, 'eu:A.b_c~d-9'])('can be %s', (id) => {
    expect(isTransactionId(id)).toBe(true);
  });

  it.each(['', ':a', 'us:', 'US:a', 'us:a b', 'us:a:b', 'us:a#1', 'us:a\n', `us:${'k'.repeat(121)}`])(
    'cannot be %j',
    (id) => {
      expect(isTransactionId(id)).toBe(false);
    },
  );
});

describe('the effect of a decision on an intent', () => {
  const listed = { stream: 'stock/17', log: 'us-east-1', position: 3 };

  it('is a commit only if the decision lists its stream, log and position', () => {
    expect(stateIn(aDecision(), listed)).toBe('committed');
    for (const other of [{ stream: 'stock/18' }, { log: 'us-west-2' }, { position: 4 }])
      expect(stateIn(aDecision(), { ...listed, ...other })).toBe('aborted');
    expect(stateIn(anAbort(), listed)).toBe('aborted');
  });

  it('changes only its state, and leaves ordinary commits alone', () => {
    const intent = anIntent();
    expect(finalOf(intent, 'committed')).toEqual({ ...intent, tx: { ...intent.tx, state: 'committed' } });
    const commit = aCommit();
    expect(finalOf(commit, 'aborted')).toBe(commit);
  });
});

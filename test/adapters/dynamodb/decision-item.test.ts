import { describe, expect, test } from 'vitest';
import { toImage } from '../../../adapters/dynamodb/commit-item.ts';
import {
  decisionKey,
  fromDecisionItem,
  isDecisionItem,
  oneRegionKey,
  toDecisionItem,
} from '../../../adapters/dynamodb/decision-item.ts';
import { aCommit } from '../../contract/commits.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise } from '../../contract/decisions.ts';

const decision = aDecision({ attempt: 12, remaining: 1234.5 });
const item = toDecisionItem(decisionKey(decision.transaction, decision.attempt), decision);

describe('decision item', () => {
  test('a decision is one item with these attributes', () => {
    expect(structuredClone(item)).toStrictEqual({
      pk: { S: 'us-east-1:order-17' },
      sk: { S: '0000000000000012' },
      attempt: { N: '12' },
      state: { S: 'committed' },
      final: { BOOL: true },
      fingerprint: { S: 'digest-of-the-request' },
      participants: {
        L: [
          {
            M: {
              stream: { S: 'stock/17' },
              log: { S: 'us-east-1' },
              position: { N: '3' },
              version: { M: { 'us-east-1': { N: '3' }, 'us-west-2': { N: '7' } } },
            },
          },
          {
            M: {
              stream: { S: 'account/ann' },
              log: { S: 'us-west-2' },
              position: { N: '12' },
              version: { M: { 'us-west-2': { N: '12' } } },
            },
          },
        ],
      },
      remaining: { N: '1234.5' },
      decidedAt: { N: '978307200000' },
      region: { S: 'us-east-1' },
    });
  });

  test('the outcome of a one-Region transaction is an item of the events table, under a key that belongs to no stream', () => {
    const outcome = anAbort();
    const { pk, sk, reason } = toDecisionItem(oneRegionKey(outcome.transaction), outcome);
    expect({ pk, sk }).toEqual({ pk: { S: 'tx/us-east-1:order-17' }, sk: { S: 'one-region' } });
    expect(reason).toEqual({ S: JSON.stringify(outcome.reason) });
  });

  test.each([decision, anAbort(), aBusyAttempt(), aPromise()])(
    'an item decodes to the decision it was made from',
    (one) => {
      for (const key of [decisionKey(one.transaction, one.attempt), oneRegionKey(one.transaction)])
        expect(structuredClone(fromDecisionItem(toDecisionItem(key, one)))).toStrictEqual(one);
    },
  );

  test('attributes that do not belong to a decision are ignored', () => {
    expect(structuredClone(fromDecisionItem({ ...item, 'aws:rep:updateregion': { S: 'us-east-1' } }))).toStrictEqual(
      decision,
    );
  });

  test('decisions and outcomes are distinguished from commits by their keys', () => {
    expect(isDecisionItem(item)).toBe(true);
    expect(isDecisionItem(toDecisionItem(oneRegionKey(decision.transaction), decision))).toBe(true);
    expect(isDecisionItem(toImage(aCommit()))).toBe(false);
    expect(isDecisionItem(undefined)).toBe(false);
  });

  test.each([
    ['nothing', undefined, 'without a key is not a decision: : Invalid input'],
    ['an item without attributes', {}, 'without a key is not a decision: pk:'],
    ['an invalid sort key', { ...item, sk: { S: '12' } }, 'sk.S:'],
    ['an invalid outcome', { ...item, state: { S: 'busy' } }, 'state.S:'],
    ['an attribute of another type', { ...item, final: { S: 'true' } }, 'final.BOOL:'],
    ['a missing attribute', { ...item, participants: undefined }, 'participants:'],
    ['an invalid time', { ...item, decidedAt: { N: 'noon' } }, 'decidedAt.N:'],
    ['a reason that is not JSON', { ...item, reason: { S: '{' } }, 'reason:'],
    ['a reason without a problem', { ...item, reason: { S: '{}' } }, 'problem:'],
  ])('%s is not a decision, and the error names the fault', (_, strange, why) => {
    expect(() => fromDecisionItem(strange)).toThrow(expect.objectContaining({ code: 'internal', retryable: false }));
    expect(() => fromDecisionItem(strange)).toThrow(why);
  });

  test('the error names the item', () => {
    expect(() => fromDecisionItem({ ...item, region: undefined })).toThrow(
      'The item us-east-1:order-17 0000000000000012 is not a decision',
    );
  });
});

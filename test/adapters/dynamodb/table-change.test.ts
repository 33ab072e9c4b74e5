import { describe, expect, test } from 'vitest';
import { toImage } from '../../../adapters/dynamodb/commit-item.ts';
import { decisionKey, oneRegionKey, toDecisionItem } from '../../../adapters/dynamodb/decision-item.ts';
import { toEntryImage } from '../../../adapters/dynamodb/ledger-item.ts';
import { changeOf, type TableRecord } from '../../../adapters/dynamodb/table-change.ts';
import { finalOf } from '../../../core/facts/decision.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise } from '../../contract/decisions.ts';
import { anEntry } from '../../contract/ledger.contract.ts';

const [commit, prepared] = [aCommit(), anIntent()];
const [committed, aborted] = [finalOf(prepared, 'committed'), finalOf(prepared, 'aborted')];
const decision = toDecisionItem(decisionKey(aDecision().transaction, 1), aDecision());

/** The change in a record in the Region that wrote the commit. */
function change(record: TableRecord) {
  return changeOf(record, commit.region);
}

describe('a change of a table', () => {
  test('a mark of a prepared intent is not reported', () => {
    const tx = {
      ...prepared.tx,
      state: 'prepared',
      deadline: 1,
      next: { transaction: 'us-east-1:b', began: 1 },
    } as const;
    const marked = toImage({ ...prepared, tx });
    expect(change({ eventName: 'MODIFY', OldImage: toImage(prepared), NewImage: marked })).toBeUndefined();
    expect(
      structuredClone(change({ eventName: 'MODIFY', OldImage: marked, NewImage: toImage(committed) })),
    ).toStrictEqual({
      commit: committed,
    });
  });

  test.each([
    ['a commit', commit],
    ['a prepared intent', prepared],
    ['an intent that was committed before it was replicated', committed],
    ['an intent that was aborted before it was replicated', aborted],
  ])('%s that is new is reported', (_, one) => {
    expect(structuredClone(change({ eventName: 'INSERT', NewImage: toImage(one) }))).toStrictEqual({ commit: one });
  });

  test('what another Region wrote is read whole in the log that all Regions write, and prepared intents too', () => {
    const shared = { log: 'global', region: 'us-west-2' };
    for (const one of [aCommit(shared), anIntent(shared)])
      expect(structuredClone(change({ eventName: 'INSERT', NewImage: toImage(one) }))).toStrictEqual({ commit: one });
    for (const one of [aCommit({ region: 'us-west-2' }), anIntent({ region: 'us-west-2' })])
      expect(change({ eventName: 'INSERT', NewImage: toImage(one) }) ?? {}).not.toHaveProperty('commit');
  });

  test.each([aDecision(), anAbort(), aBusyAttempt(), aPromise()])('a new decision is reported', (one) => {
    for (const key of [decisionKey(one.transaction, one.attempt), oneRegionKey(one.transaction)])
      expect(structuredClone(change({ eventName: 'INSERT', NewImage: toDecisionItem(key, one) }))).toStrictEqual({
        decision: one,
      });
  });

  test.each([committed, aborted])('an intent that has just become final is reported: $tx.state', (commit) => {
    const record = { eventName: 'MODIFY', NewImage: toImage(commit), OldImage: toImage(prepared) };
    expect(structuredClone(change(record))).toStrictEqual({ commit });
  });

  test.each([
    ['a commit', { eventName: 'INSERT', NewImage: toImage(commit) }],
    ['an intent that became final', { eventName: 'MODIFY', NewImage: toImage(committed), OldImage: toImage(prepared) }],
  ])('of %s that another Region wrote, the arrival is reported', (_, record) => {
    const { stream, log, position, region, hlc, context } = commit;
    expect(changeOf(record, 'eu-west-1')).toEqual({ arrival: { stream, log, position, region, hlc, context } });
  });

  test('an intent of another Region is not reported before it is final', () => {
    expect(changeOf({ eventName: 'INSERT', NewImage: toImage(prepared) }, 'eu-west-1')).toBeUndefined();
  });

  test('a revision of an entry of the ledger is reported, whichever Region wrote it', () => {
    const [first, second] = [anEntry({ status: 'open' }), anEntry({ revision: 2, writer: 'us-west-2' })];
    expect(change({ eventName: 'INSERT', NewImage: toEntryImage(first) })).toEqual({ conflict: first });
    expect(change({ eventName: 'MODIFY', NewImage: toEntryImage(second), OldImage: toEntryImage(first) })).toEqual({
      conflict: second,
    });
  });

  test.each([
    [
      'an entry of the ledger that is written again',
      { eventName: 'MODIFY', NewImage: toEntryImage(anEntry()), OldImage: toEntryImage(anEntry()) },
    ],
    ['an entry of the ledger that is removed', { eventName: 'REMOVE', OldImage: toEntryImage(anEntry()) }],
    [
      'a watch of a stream',
      { eventName: 'INSERT', NewImage: { pk: {}, sk: { S: 'watch#us-west-2' }, token: { S: 't' } } },
    ],
    ['a committed intent', { eventName: 'MODIFY', NewImage: toImage(committed), OldImage: toImage(committed) }],
    ['a commit that was edited', { eventName: 'MODIFY', NewImage: toImage(commit), OldImage: toImage(commit) }],
    ['a decision that was edited', { eventName: 'MODIFY', NewImage: decision, OldImage: decision }],
    ['a commit that is removed', { eventName: 'REMOVE', OldImage: toImage(commit) }],
    ['a decision that is removed', { eventName: 'REMOVE', OldImage: decision }],
    ['nothing', {}],
  ])('%s is ignored', (_, record) => {
    expect(change(record)).toBeUndefined();
  });

  test.each([
    ['a new item that is neither a commit nor a decision', { eventName: 'INSERT', NewImage: {} }, 'is not a commit'],
    ['a new item without an image', { eventName: 'INSERT' }, 'is not a commit'],
    [
      'an entry that is not JSON',
      { eventName: 'INSERT', NewImage: { entry: { S: 'x' } } },
      'is not an entry of the ledger: entry: ',
    ],
    [
      'an invalid entry',
      { eventName: 'INSERT', NewImage: { entry: { S: '{}' } } },
      'is not an entry of the ledger: stream',
    ],
    ['an invalid decision', { eventName: 'INSERT', NewImage: { ...decision, final: undefined } }, 'is not a decision'],
    [
      'the final state of an intent',
      { eventName: 'MODIFY', NewImage: {}, OldImage: toImage(prepared) },
      'is not a commit',
    ],
  ])('%s is an error that names the fault', (_, record, why) => {
    expect(() => change(record)).toThrow(expect.objectContaining({ code: 'internal', retryable: false }));
    expect(() => change(record)).toThrow(why);
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import type { Decisions } from '../../core/index.ts';
import { meddle } from './commits.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise, aTransactionId } from './decisions.ts';

/** The contract of every `Decisions`. `open` is called once. */
export function decisionsContract(open: () => Decisions): void {
  describe('decisions', () => {
    let decisions: Decisions;
    beforeAll(() => {
      decisions = open();
    });

    test('a transaction without a decision has none', async () => {
      const transaction = aTransactionId();
      expect(await decisions.find(transaction, 1)).toBeUndefined();
      expect(await decisions.attempts(transaction)).toEqual([]);
    });

    test.each([
      ['commits', aDecision()],
      ['aborts', anAbort()],
      ['aborts for no stream in particular', anAbort({ reason: { problem: anAbort().reason?.problem ?? never() } })],
      ['lets another attempt follow', aBusyAttempt({ attempt: 7 })],
      ['only promises an outcome', aPromise()],
      ['has no participants', aDecision({ participants: [] })],
    ])('a decision that %s is read back as written, at once', async (_, of) => {
      const decision = { ...of, transaction: aTransactionId() };
      expect(await decisions.put(decision)).toBeUndefined();
      expect(await decisions.find(decision.transaction, decision.attempt)).toEqual(decision);
      expect(await decisions.attempts(decision.transaction)).toEqual([decision]);
    });

    test('ids keep any allowed character', async () => {
      const decision = aDecision({ transaction: `${aTransactionId()}:Zürich/東京 \u{1f6eb} #"`, fingerprint: '' });
      await decisions.put(decision);
      expect(await decisions.find(decision.transaction, 1)).toEqual(decision);
      expect(await decisions.attempts(decision.transaction)).toEqual([decision]);
    });

    test('a decision is final: another one on the same attempt is not written, and returns it', async () => {
      const decision = aDecision({ transaction: aTransactionId() });
      await decisions.put(decision);
      expect(await decisions.put(anAbort({ transaction: decision.transaction }))).toEqual(decision);
      expect(await decisions.find(decision.transaction, 1)).toEqual(decision);
    });

    test('a decision that is put again, because its response was lost, finds itself', async () => {
      const decision = anAbort({ transaction: aTransactionId() });
      await decisions.put(decision);
      expect(await decisions.put(decision)).toEqual(decision);
    });

    test('exactly one of many decisions on an attempt is written, and all others return it', async () => {
      const transaction = aTransactionId();
      const all = Array.from({ length: 32 }, (_, i) =>
        i % 2 ? aDecision({ transaction, region: `r-${i}` }) : anAbort({ transaction, region: `r-${i}` }),
      );
      const answers = await Promise.all(all.map((decision) => decisions.put(decision)));
      const winner = await decisions.find(transaction, 1);
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
      expect(all[answers.indexOf(undefined)]).toEqual(winner);
      for (const answer of answers) expect(answer ?? winner).toEqual(winner);
    });

    test('the attempts of a transaction come in order, without those of another transaction', async () => {
      const transaction = aTransactionId();
      const numbers = [10, 2, 1, 0, 11, 9, 100];
      for (const attempt of numbers) {
        await decisions.put(aBusyAttempt({ transaction, attempt }));
        await decisions.put(aDecision({ transaction: `${transaction}0`, attempt }));
      }
      const attempts = await decisions.attempts(transaction);
      expect(attempts.map(({ attempt }) => attempt)).toEqual([0, 1, 2, 9, 10, 11, 100]);
      expect(new Set(attempts.map((decision) => decision.transaction))).toEqual(new Set([transaction]));
      expect(await decisions.find(transaction, 3)).toBeUndefined();
    });

    test('more than a megabyte of attempts is read completely', async () => {
      const transaction = aTransactionId();
      const problem = anAbort().reason?.problem ?? never();
      const all = Array.from({ length: 20 }, (_, attempt) =>
        aBusyAttempt({ transaction, attempt, reason: { problem: { ...problem, detail: 'ü'.repeat(60_000) } } }),
      );
      await Promise.all(all.map((decision) => decisions.put(decision)));
      expect(await decisions.attempts(transaction)).toEqual(all);
    });

    test('changing a decision object, before or after it was put, does not affect the store', async () => {
      const expected = anAbort({ transaction: aTransactionId() });
      const decision = structuredClone(expected);
      await decisions.put(decision);
      meddle(decision);
      meddle(await decisions.find(expected.transaction, 1));
      meddle(await decisions.attempts(expected.transaction));
      meddle(await decisions.put(expected));
      expect(await decisions.find(expected.transaction, 1)).toEqual(expected);
    });
  });
}

function never(): never {
  throw new Error('An abort has a reason.');
}

import { beforeAll, describe, expect, test } from 'vitest';
import { attemptIdOf, type Decision } from '../../core/facts/decision.ts';
import type { TransactionsTable } from '../../core/index.ts';
import { aBusyAttempt, aDecision, aPromise } from './decisions.ts';
import { pagesOf, type SegmentRead, segmentsOf } from './pages.ts';

/** The decisions of a segment, page after page; a test may act between two pages. */
function decisionsOf(table: TransactionsTable, of: SegmentRead, between?: () => Promise<unknown>) {
  return pagesOf(
    async (...which) => {
      const { decisions: items, cursor } = await table.scan(...which);
      return { items, cursor };
    },
    of,
    between,
  );
}

/** The contract for reading all decisions. `open` is called for every test and provides a separate table. */
export function decisionScanContract(open: () => Promise<TransactionsTable>): void {
  describe('a scan of the decisions', () => {
    /** A promise, up to nine busy attempts, and a final decision for some. */
    const decisions = Array.from({ length: 30 }, (_, i) => {
      const transaction = `us-${i % 2 ? 'east' : 'west'}-2:scan-${i}`;
      const busy = Array.from({ length: i % 10 }, (_, n) => aBusyAttempt({ transaction, attempt: n + 1 }));
      return [
        aPromise({ transaction }),
        ...busy,
        ...(i % 3 === 0 ? [aDecision({ transaction, attempt: busy.length + 1 })] : []),
      ];
    }).flat();
    let table: TransactionsTable;
    beforeAll(async () => {
      table = await open();
      for (const decision of decisions) await table.put(decision);
    });

    const all = (segments: number, limit: number) => segmentsOf((of) => decisionsOf(table, of), segments, limit);

    test('an empty table has no decisions in any segment', async () => {
      const empty = await open();
      for (const segment of [0, 1])
        expect((await decisionsOf(empty, { segment, segments: 2, limit: 10 })).flat()).toEqual([]);
    });

    test.each([
      [1, 1000],
      [1, 7],
      [4, 1000],
      [4, 3],
      [32, 1],
    ])('in %i segments, in pages of %i, finds every decision once, as written', async (segments, limit) => {
      const found = (await all(segments, limit)).flat();
      expect(found.map(attemptIdOf).sort()).toEqual(decisions.map(attemptIdOf).sort());
      const byId = new Map(found.map((decision) => [attemptIdOf(decision), decision]));
      for (const decision of decisions) expect(byId.get(attemptIdOf(decision))).toEqual(decision);
    });

    test('returns the same transactions for a segment each time, and no transaction in two segments', async () => {
      const [first, second] = [await all(4, 5), await all(4, 100)];
      const transactions = (segments: readonly (readonly Decision[])[]) =>
        segments.map((segment) => new Set(segment.map(({ transaction }) => transaction)));
      expect(transactions(first)).toEqual(transactions(second));
      expect(transactions(first).reduce((sum, { size }) => sum + size, 0)).toBe(30);
    });

    test('returns the decisions of a transaction together, in the order of its attempts', async () => {
      for (const segment of await all(2, 4)) {
        const runs = segment.filter(({ transaction }, i) => transaction !== segment[i - 1]?.transaction);
        expect(runs).toHaveLength(new Set(segment.map(({ transaction }) => transaction)).size);
        for (const [, own] of Map.groupBy(segment, ({ transaction }) => transaction))
          expect(own.map(({ attempt }) => attempt)).toEqual(own.map((_, i) => i));
      }
    });

    test('returns pages that do not exceed the limit, and that start where the previous page ended', async () => {
      for (const page of await decisionsOf(table, { limit: 10 })) expect(page.length).toBeLessThanOrEqual(10);
      const { cursor } = await table.scan(0, 1, undefined, 10);
      const [once, again] = [await table.scan(0, 1, cursor, 10), await table.scan(0, 1, cursor, 10)];
      expect(again).toEqual(once);
    });

    test('finds everything decided before its first page, while other transactions and attempts are added', async () => {
      const growing = await open();
      for (const decision of decisions) await growing.put(decision);
      let more = 0;
      const found = await decisionsOf(growing, { limit: 9 }, async () => {
        more++;
        await growing.put(aDecision({ transaction: `us-east-1:more-${more}` }));
        await growing.put(aBusyAttempt({ transaction: 'us-east-2:scan-1', attempt: 100 + more }));
      });
      const ids = found.flat().map(attemptIdOf);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(ids).isSupersetOf(new Set(decisions.map(attemptIdOf)))).toBe(true);
    });

    test('refuses an invalid cursor', async () => {
      for (const cursor of ['', 'somewhere', '{}', '[]'])
        await expect(table.scan(0, 1, cursor, 10)).rejects.toMatchObject({ code: 'validation' });
    });
  });
}

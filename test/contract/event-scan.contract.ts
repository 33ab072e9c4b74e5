import { beforeAll, describe, expect, test } from 'vitest';
import type { Commit, Decision, EventsTable } from '../../core/index.ts';
import { aCommit, anIntent } from './commits.ts';
import { aDecision, aTransactionId } from './decisions.ts';
import { pagesOf, type SegmentRead, segmentsOf } from './pages.ts';

function dotOf({ stream, log, position }: Commit): string {
  return `${stream}@${log}.${position}`;
}

/** The commits of a segment, page after page; a test may act between two pages. */
function commitsOf(store: EventsTable, of: SegmentRead, between?: () => Promise<unknown>) {
  return pagesOf(
    async (...which) => {
      const { commits: items, cursor } = await store.scan(...which);
      return { items, cursor };
    },
    of,
    between,
  );
}

async function outcomesOf(
  store: EventsTable,
  segment: number,
  segments: number,
  limit: number,
): Promise<readonly Decision[]> {
  const found: Decision[] = [];
  let after: string | undefined;
  do {
    const { outcomes, cursor } = await store.scan(segment, segments, after, limit);
    found.push(...outcomes);
    after = cursor;
  } while (after !== undefined);
  return found;
}

/** The contract for reading a whole table. `open` is called for every test and provides a separate table. */
export function eventScanContract(open: () => Promise<EventsTable>): void {
  describe('a scan of the event store', () => {
    const commits = Array.from({ length: 30 }, (_, stream) =>
      Array.from({ length: 1 + (stream % 7) }, (_, i) =>
        aCommit({
          stream: `${stream % 2 ? 'note' : 'stock'}/scan-${stream}`,
          log: `us-${i % 2}`,
          position: 1 + (i >> 1),
        }),
      ),
    ).flat();
    let store: EventsTable;
    beforeAll(async () => {
      store = await open();
      for (const commit of commits) await store.put(commit);
    });

    const all = (segments: number, limit: number) => segmentsOf((of) => commitsOf(store, of), segments, limit);

    test('an empty table has no commits in any segment', async () => {
      const empty = await open();
      for (const segment of [0, 1])
        expect((await commitsOf(empty, { segment, segments: 2, limit: 10 })).flat()).toEqual([]);
    });

    test.each([
      [1, 1000],
      [1, 7],
      [4, 1000],
      [4, 3],
      [32, 1],
    ])('in %i segments, in pages of %i, finds every commit once, as written', async (segments, limit) => {
      const found = (await all(segments, limit)).flat();
      expect(found.map(dotOf).sort()).toEqual(commits.map(dotOf).sort());
      const byDot = new Map(found.map((commit) => [dotOf(commit), commit]));
      for (const commit of commits) expect(byDot.get(dotOf(commit))).toEqual(commit);
    });

    test('returns the same streams for a segment each time, and no stream in two segments', async () => {
      const [first, second] = [await all(4, 5), await all(4, 100)];
      const streams = (segments: readonly (readonly Commit[])[]) =>
        segments.map((segment) => new Set(segment.map(({ stream }) => stream)));
      expect(streams(first)).toEqual(streams(second));
      expect(streams(first).reduce((sum, { size }) => sum + size, 0)).toBe(30);
    });

    test('returns the commits of a stream together, in the order of log and position', async () => {
      for (const segment of await all(2, 4)) {
        const runs = segment.filter(({ stream }, i) => stream !== segment[i - 1]?.stream);
        expect(runs).toHaveLength(new Set(segment.map(({ stream }) => stream)).size);
        for (const [, own] of Map.groupBy(segment, ({ stream }) => stream))
          expect(own.map(dotOf)).toEqual(own.map(dotOf).sort());
      }
    });

    test('returns pages that do not exceed the limit, and that start where the previous page ended', async () => {
      for (const page of await commitsOf(store, { limit: 10 })) expect(page.length).toBeLessThanOrEqual(10);
      const { cursor } = await store.scan(0, 1, undefined, 10);
      const [once, again] = [await store.scan(0, 1, cursor, 10), await store.scan(0, 1, cursor, 10)];
      expect(again).toEqual(once);
    });

    test('finds everything written before its first page, while other streams and commits are added', async () => {
      const growing = await open();
      for (const commit of commits) await growing.put(commit);
      let more = 0;
      const found = await commitsOf(growing, { limit: 9 }, async () => {
        more++;
        await growing.put(aCommit({ stream: `note/more-${more}` }));
        await growing.put(aCommit({ stream: 'note/scan-1', log: 'us-9', position: more }));
      });
      const dots = found.flat().map(dotOf);
      expect(new Set(dots).size).toBe(dots.length);
      expect(new Set(dots).isSupersetOf(new Set(commits.map(dotOf)))).toBe(true);
    });

    test('finds intents in every state among the commits, and each outcome between them once, separately', async () => {
      const mixed = await open();
      const states = ['prepared', 'committed', 'aborted'] as const;
      const kept = Array.from({ length: 12 }, (_, i) => aCommit({ stream: `note/mixed-${i}` }));
      const intents = states.map((state, i) =>
        anIntent({ stream: `note/mixed-${i}`, position: 2, tx: { state, deadline: 7 } }),
      );
      for (const commit of [...kept, ...intents]) await mixed.put(commit);
      const decided = kept.map(() => aDecision({ transaction: aTransactionId() }));
      for (const decision of decided) await mixed.putDecision(decision);
      const transaction = aTransactionId();
      const written = aCommit({ stream: 'stock/mixed', commitId: `${transaction}#1` });
      decided.push(aDecision({ transaction }));
      await mixed.transact({ commits: [written], free: [], decision: aDecision({ transaction }) });
      for (const limit of [1, 5, 1000]) {
        const found = (await commitsOf(mixed, { limit })).flat();
        expect(found.map(dotOf).sort()).toEqual([...kept, ...intents, written].map(dotOf).sort());
        for (const intent of intents) expect(found).toContainEqual(intent);
        for (const segments of [1, 3]) {
          const outcomes = await Promise.all(
            Array.from({ length: segments }, (_, segment) => outcomesOf(mixed, segment, segments, limit)),
          );
          const byId = (decisions: readonly Decision[]) =>
            decisions.toSorted((a, b) => (a.transaction < b.transaction ? -1 : 1));
          expect(byId(outcomes.flat())).toEqual(byId(decided));
        }
      }
    });

    test('refuses an invalid cursor', async () => {
      for (const cursor of ['', 'somewhere', '{}', '[]'])
        await expect(store.scan(0, 1, cursor, 10)).rejects.toMatchObject({ code: 'validation' });
    });
  });
}

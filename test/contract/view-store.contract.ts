import { beforeAll, describe, expect, test } from 'vitest';
import type { Generations, ViewEntry, ViewsTable } from '../../core/index.ts';
import { MAX_TRANSACTION_ITEMS } from '../../core/limits/aws.ts';
import { MAX_CHANGED_FIELDS } from '../../core/limits/budgets.ts';
import { anEntry, aView, delta } from './a-view.ts';
import { meddle, strangeJson } from './commits.ts';
import { viewPagingContract } from './view-paging.contract.ts';
import { viewTotalsContract } from './view-totals.contract.ts';

/** Half the size of an item. */
const half = 'h'.repeat(205_000);

/** The contract of every `ViewsTable`. `open` is called once. */
export function viewStoreContract(open: () => ViewsTable): void {
  describe('view store', () => {
    let store: ViewsTable;
    beforeAll(() => {
      store = open();
    });

    const entryOf = async (view: string, { stream, shard }: Pick<ViewEntry, 'stream' | 'shard'>) =>
      (await store.entries(view, [{ stream, shard }])).get(stream);

    describe('entries', () => {
      test('an entry that was not written is missing', async () => {
        expect(await store.entries(aView(), [])).toEqual(new Map());
        expect(await store.entries(aView(), [{ stream: 'note/1', shard: 0 }])).toEqual(new Map());
      });

      test('an entry is read back as written, at once', async () => {
        const view = aView();
        const entries = [
          anEntry({ stream: 'note/1' }),
          anEntry({ stream: 'note/2', shard: 3, row: { balance: 5 }, totals: {} }),
          anEntry({ stream: 'note/3', version: {}, totals: { 東京: { 'ü ': 1 } } }),
          anEntry({ stream: 'note/4', version: { constructor: 1, 'us-east-1': Number.MAX_SAFE_INTEGER } }),
        ];
        expect(await store.apply(view, entries, [])).toBe(true);
        expect(await store.entries(view, entries)).toEqual(new Map(entries.map((entry) => [entry.stream, entry])));
      });

      test('a row is any JSON, and is preserved exactly', async () => {
        const view = aView();
        const entries = strangeJson.map((row, i) => anEntry({ stream: `note/${i}`, row }));
        await store.apply(view, entries, []);
        const found = await store.entries(view, entries);
        for (const { stream, row } of entries) expect(JSON.stringify(found.get(stream)?.row)).toBe(JSON.stringify(row));
      });

      test('any number of entries can be read in one call, even with duplicates', async () => {
        const view = aView();
        const entries = Array.from({ length: 250 }, (_, i) => anEntry({ stream: `note/${i}`, shard: i % 4 }));
        for (let i = 0; i < entries.length; i += 50) await store.apply(view, entries.slice(i, i + 50), []);
        const found = await store.entries(view, [...entries, ...entries.slice(0, 10), { stream: 'note/x', shard: 0 }]);
        expect(found).toEqual(new Map(entries.map((entry) => [entry.stream, entry])));
      });

      test('an entry belongs to its view and its shard', async () => {
        const view = aView();
        await store.apply(view, [anEntry()], []);
        expect(await entryOf(aView(), anEntry())).toBeUndefined();
        expect(await entryOf(view, anEntry({ shard: 1 }))).toBeUndefined();
      });

      test('changing an entry object after it was applied or read does not affect the store', async () => {
        const view = aView();
        const entry = structuredClone(anEntry({ row: { deep: [1] } }));
        await store.apply(view, [entry], []);
        meddle(entry);
        meddle(await entryOf(view, anEntry()));
        meddle((await store.rows(view, 1, { limit: 10 })).items);
        expect(await entryOf(view, anEntry())).toEqual(anEntry({ row: { deep: [1] } }));
      });
    });

    describe('apply', () => {
      test('a change without entries and totals succeeds', async () => {
        expect(await store.apply(aView(), [], [])).toBe(true);
      });

      test('an entry is replaced only by its next revision', async () => {
        const view = aView();
        const at = (revision: number) => anEntry({ revision, row: revision });
        expect(await store.apply(view, [at(2)], [])).toBe(false);
        expect(await store.apply(view, [at(1)], [])).toBe(true);
        expect(await store.apply(view, [at(1)], [])).toBe(false);
        expect(await store.apply(view, [at(3)], [])).toBe(false);
        expect(await store.apply(view, [at(2)], [])).toBe(true);
        expect(await entryOf(view, anEntry())).toEqual(at(2));
      });

      test('a row that is removed from the entry is gone', async () => {
        const view = aView();
        await store.apply(view, [anEntry({ row: 'here' })], []);
        await store.apply(view, [anEntry({ revision: 2 })], []);
        expect(await entryOf(view, anEntry())).toEqual(anEntry({ revision: 2 }));
        expect((await store.rows(view, 1, { limit: 10 })).items).toEqual([]);
      });

      test('with one stale entry, nothing is applied: no other entry, no total', async () => {
        const view = aView();
        await store.apply(view, [anEntry({ stream: 'note/1' })], [delta('red', 0, { count: 1 })]);
        const fresh = anEntry({ stream: 'note/0' });
        const stale = anEntry({ stream: 'note/1', revision: 1, row: 'stale' });
        expect(await store.apply(view, [fresh, stale], [delta('red', 0, { count: 1 })])).toBe(false);
        expect(await entryOf(view, fresh)).toBeUndefined();
        expect(await entryOf(view, stale)).toEqual(anEntry({ stream: 'note/1' }));
        expect(await store.total(view, 1, 'red')).toEqual({ count: 1 });
      });

      test('the maximum of entries and totals of one transaction is applied atomically', async () => {
        const view = aView();
        const half = MAX_TRANSACTION_ITEMS / 2;
        const entries = Array.from({ length: half }, (_, i) => anEntry({ stream: `note/${i}` }));
        const deltas = Array.from({ length: half }, (_, i) => delta(`K${i}`, i % 4, { n: i + 1 }));
        expect(await store.apply(view, entries, deltas)).toBe(true);
        expect((await store.entries(view, entries)).size).toBe(half);
        expect((await store.totals(view, 4, { limit: 1000 })).items).toHaveLength(half);
      });

      test('entries and a change just below the byte limits are applied', async () => {
        const view = aView();
        const entries = Array.from({ length: 10 }, (_, i) =>
          anEntry({ stream: `note/${i}`, row: half + half.slice(10_000) }),
        );
        expect(await store.apply(view, entries, [])).toBe(true);
        expect(await entryOf(view, { stream: 'note/9', shard: 0 })).toEqual(entries[9]);
      });

      test.each([
        ['more entries than the maximum', Array.from({ length: 101 }, (_, i) => anEntry({ stream: `note/${i}` })), []],
        ['an entry twice', [anEntry(), anEntry()], []],
        ['a total twice', [], [delta('red', 0, { n: 1 }), delta('red', 0, { n: 2 })]],
        ['a total without a key', [], [delta('', 0, { n: 1 })]],
        ['a total whose key is too long', [], [delta('é'.repeat(513), 0, { n: 1 })]],
        ['a sum that is not an integer', [], [delta('red', 0, { n: 0.5 })]],
        [
          'more fields of a total than the maximum',
          [],
          [delta('red', 0, Object.fromEntries(Array.from({ length: MAX_CHANGED_FIELDS + 1 }, (_, i) => [`f${i}`, 1])))],
        ],
        ['a row larger than an item', [anEntry({ row: 'é'.repeat(210_000) })], []],
        ['totals larger than an item', [anEntry({ totals: { ['k'.repeat(410_000)]: { n: 1 } } })], []],
        ['row and totals that are too large together', [anEntry({ row: half, totals: { [half]: { n: 1 } } })], []],
        [
          'more bytes than a transaction holds',
          Array.from({ length: 11 }, (_, i) => anEntry({ stream: `note/${i + 1}`, row: half + half.slice(20_000) })),
          [],
        ],
      ])('%s is refused, not retried, and changes nothing', async (_, entries, deltas) => {
        const view = aView();
        // Refused before it is sent: a plain Error, not one converted from a response.
        await expect(store.apply(view, entries, deltas)).rejects.toMatchObject({ name: 'Error' });
        expect(await store.entries(view, [anEntry()])).toEqual(new Map());
        expect((await store.totals(view, 1, { limit: 10 })).items).toEqual([]);
      });

      test('at most one of the projectors that apply the same revision concurrently succeeds', async () => {
        const view = aView();
        const applied = await Promise.all(
          Array.from({ length: 12 }, (_, i) => store.apply(view, [anEntry({ row: i })], [delta('red', 0, { n: 1 })])),
        );
        const winners = applied.filter(Boolean).length;
        expect(winners).toBeLessThanOrEqual(1);
        expect((await store.entries(view, [anEntry()])).size).toBe(winners);
        expect((await store.total(view, 1, 'red'))?.n ?? 0).toBe(winners);
      });

      test('projectors that retry lose nothing and count nothing twice', async () => {
        const view = aView();
        const projector = async (): Promise<void> => {
          for (;;) {
            const revision = ((await entryOf(view, anEntry()))?.revision ?? 0) + 1;
            if (await store.apply(view, [anEntry({ revision })], [delta('red', 0, { n: revision })])) return;
            // A real pause, as in projectors: an engine may refuse both of two colliding changes, without saying when
            // to retry.
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
          }
        };
        await Promise.all(Array.from({ length: 8 }, projector));
        expect((await entryOf(view, anEntry()))?.revision).toBe(8);
        expect(await store.total(view, 1, 'red')).toEqual({ n: 36 });
      });
    });

    describe('generations', () => {
      const some = (of: Partial<Generations> = {}): Generations => ({
        revision: 1,
        builds: 7,
        active: { codeVersion: 2, build: 5, kind: 'totals', shards: 3, behind: true },
        building: {
          codeVersion: 3,
          build: 7,
          kind: 'rows',
          shards: 9,
          segments: [
            { cursor: '{"pk":{"S":"note/\u6771"}}', last: 'note/1', streams: 12, done: false },
            { streams: 0, done: false },
            { last: 'note/2', streams: 3, done: true },
          ],
        },
        retired: [{ codeVersion: 1, build: 4, kind: 'rows', shards: 4, since: 1_700_000_000_000 }],
        ...of,
      });
      const least: Generations = {
        revision: 1,
        builds: 1,
        active: { codeVersion: 1, build: 1, kind: 'rows', shards: 4 },
        retired: [],
      };

      test('of a view that was not written are missing', async () => {
        expect(await store.generations([])).toEqual(new Map());
        expect(await store.generations([aView(), aView()])).toEqual(new Map());
      });

      test('are read back as written, at once, each by its view', async () => {
        const [one, two] = [aView(), aView()];
        expect(await store.setGenerations(one, some())).toBe(true);
        expect(await store.setGenerations(two, least)).toBe(true);
        expect(await store.generations([one, aView(), two])).toEqual(
          new Map([
            [one, some()],
            [two, least],
          ]),
        );
        expect(await store.generations([two])).toEqual(new Map([[two, least]]));
      });

      test('are replaced only by their next revision', async () => {
        const view = aView();
        const set = (revision: number, builds: number) => store.setGenerations(view, some({ revision, builds }));
        expect(await set(2, 1)).toBe(false);
        expect(await set(1, 1)).toBe(true);
        expect(await set(1, 2)).toBe(false);
        expect(await set(3, 3)).toBe(false);
        expect(await set(2, 4)).toBe(true);
        expect(await store.generations([view])).toEqual(new Map([[view, some({ revision: 2, builds: 4 })]]));
      });

      test('are replaced by only one of several concurrent writers', async () => {
        const view = aView();
        const set = await Promise.all(
          Array.from({ length: 8 }, (_, builds) => store.setGenerations(view, some({ builds }))),
        );
        expect(set.filter(Boolean)).toHaveLength(1);
        expect((await store.generations([view])).get(view)?.builds).toBe(set.indexOf(true));
      });

      test('are separate from the rows and totals of the view', async () => {
        const view = aView();
        await store.apply(view, [anEntry({ row: 1 })], [delta('red', 0, { n: 1 })]);
        expect(await store.setGenerations(view, least)).toBe(true);
        expect((await store.rows(view, 1, { limit: 10, consistent: true })).items).toEqual([
          { key: 'note/1', value: 1 },
        ]);
        expect((await store.totals(view, 1, { limit: 10 })).items).toEqual([{ key: 'red', sums: { n: 1 } }]);
      });
    });

    describe('remove', () => {
      const fill = async (view: string, shards: number, count: number): Promise<void> => {
        for (let i = 0; i < count; i += 50)
          await store.apply(
            view,
            Array.from({ length: Math.min(50, count - i) }, (_, j) =>
              anEntry({ stream: `note/${i + j}`, shard: (i + j) % shards, row: i + j }),
            ),
            [delta(`K${i}`, i % shards, { n: 1 })],
          );
      };
      const leftIn = async (view: string, shards: number): Promise<number> =>
        (await store.rows(view, shards, { limit: 1000 })).items.length +
        (await store.totals(view, shards, { limit: 1000 })).items.length;

      test('of a missing name is complete at once', async () => {
        expect(await store.remove(aView(), 4, 10)).toBe(true);
      });

      test('deletes every entry and total, about as many per call as the limit', async () => {
        const view = aView();
        await fill(view, 3, 130);
        let left = await leftIn(view, 3);
        expect(left).toBe(133);
        for (let gone = false; !gone; ) {
          gone = await store.remove(view, 3, 40);
          const now = await leftIn(view, 3);
          expect(left - now).toBeLessThanOrEqual(40);
          expect(gone || now < left).toBe(true);
          left = now;
        }
        expect(left).toBe(0);
        expect(await store.entries(view, [{ stream: 'note/0', shard: 0 }])).toEqual(new Map());
      });

      test('leaves all other names unchanged, even one with the same prefix, and generations', async () => {
        const [view, other] = [aView(), aView()];
        const generation = `${view}@2.1`;
        for (const name of [view, generation, other]) await fill(name, 2, 10);
        await store.setGenerations(view, {
          revision: 1,
          builds: 1,
          active: { codeVersion: 1, build: 1, kind: 'rows', shards: 2 },
          retired: [],
        });
        expect(await store.remove(view, 2, 100)).toBe(true);
        expect([await leftIn(view, 2), await leftIn(generation, 2), await leftIn(other, 2)]).toEqual([0, 11, 11]);
        expect((await store.generations([view])).size).toBe(1);
      });

      test('is harmless if two callers run it at once, and if it is repeated; afterwards the name can be written again', async () => {
        const view = aView();
        await fill(view, 2, 60);
        await Promise.all([store.remove(view, 2, 1000), store.remove(view, 2, 1000)]);
        expect(await store.remove(view, 2, 1000)).toBe(true);
        await fill(view, 2, 10);
        expect((await store.rows(view, 2, { limit: 3 })).items).toHaveLength(3);
        expect(await leftIn(view, 2)).toBe(11);
      });
    });

    viewTotalsContract(() => store);
    viewPagingContract(() => store);
  });
}

import { describe, expect, test } from 'vitest';
import type { Sums, ViewEntry, ViewsTable } from '../../core/index.ts';
import { MAX_CHANGED_FIELDS } from '../../core/limits/budgets.ts';
import { anEntry, aView, counted, delta } from './a-view.ts';

/** The totals in every `ViewsTable`: a part of the contract of view stores. */
export function viewTotalsContract(store: () => ViewsTable): void {
  const entryOf = async (view: string, { stream, shard }: Pick<ViewEntry, 'stream' | 'shard'>) =>
    (await store().entries(view, [{ stream, shard }])).get(stream);

  describe('totals', () => {
    test('a key without deltas has no total', async () => {
      expect(await store().total(aView(), 4, 'red')).toBeUndefined();
      expect((await store().totals(aView(), 4, { limit: 10 })).items).toEqual([]);
    });

    test('deltas add up, field by field, even below zero', async () => {
      const view = aView();
      await store().apply(view, [], [delta('red', 0, { count: 2, balance: 10 }), delta('blue', 0, { balance: 3 })]);
      await store().apply(view, [], [delta('red', 0, { count: -1, balance: -25, taken: 1 })]);
      expect(await store().total(view, 1, 'red')).toEqual({ count: 1, balance: -15, taken: 1 });
      expect((await store().totals(view, 1, { limit: 10 })).items).toEqual([
        { key: 'blue', sums: { balance: 3 } },
        { key: 'red', sums: { count: 1, balance: -15, taken: 1 } },
      ]);
    });

    test('the shards of a key are summed', async () => {
      const view = aView();
      await store().apply(
        view,
        [],
        [0, 1, 2, 3].map((shard) => delta('red', shard, { n: 10 ** shard })),
      );
      for (const consistent of [false, true]) {
        expect(await store().total(view, 4, 'red', consistent)).toEqual({ n: 1111 });
        expect((await store().totals(view, 4, { limit: 10, consistent })).items).toEqual([
          { key: 'red', sums: { n: 1111 } },
        ]);
      }
    });

    test('a total exists while a stream contributes to it, and shows 0; then it is gone', async () => {
      const view = aView();
      const [shown, listed] = [
        () => store().total(view, 2, 'red'),
        async () => (await store().totals(view, 2, { limit: 10 })).items,
      ];
      await store().apply(view, [], [counted('red', { n: 5 }, 1)]);
      await store().apply(view, [], [counted('red', { n: -5 }, 1, 1)]);
      expect(await shown()).toEqual({ n: 0 });
      expect(await listed()).toEqual([{ key: 'red', sums: { n: 0 } }]);
      await store().apply(view, [], [counted('red', { n: -5 }, -1)]);
      expect(await shown()).toEqual({ n: -5 });
      await store().apply(view, [], [counted('red', { n: 5 }, -1, 1)]);
      expect(await shown()).toBeUndefined();
      expect(await listed()).toEqual([]);
      // Nothing is left of it.
      await store().apply(view, [], [counted('red', {}, 1)]);
      expect(await shown()).toEqual({});
    });

    test('a field is shown while a stream contributes to it, even if its sum is 0', async () => {
      const view = aView();
      const of = (streams: number, fields: Sums, sums: Sums) =>
        store().apply(view, [], [{ ...delta('red', 0, sums), contributors: { streams, fields } }]);
      await of(1, { count: 1, delay: 1 }, { count: 1 });
      expect(await store().total(view, 1, 'red')).toEqual({ count: 1, delay: 0 });
      await of(0, { delay: -1 }, {});
      expect(await store().total(view, 1, 'red')).toEqual({ count: 1 });
    });

    test('a total that the last of several streams leave at once is gone, with others in the same change', async () => {
      const view = aView();
      const keys = ['a', 'b', 'c'];
      await store().apply(
        view,
        [],
        keys.map((key) => counted(key, { n: 4 }, 2)),
      );
      await store().apply(view, [], [counted('c', { n: 1 }, 1)]);
      const entry = anEntry();
      expect(
        await store().apply(
          view,
          [entry],
          keys.map((key) => counted(key, { n: -4 }, -2)),
        ),
      ).toBe(true);
      expect((await store().totals(view, 1, { limit: 10 })).items).toEqual([{ key: 'c', sums: { n: 1 } }]);
      expect(await entryOf(view, entry)).toEqual(entry);
    });

    test('a stream that leaves with a stale entry leaves the total unchanged', async () => {
      const view = aView();
      await store().apply(view, [anEntry()], [counted('red', { n: 1 }, 1)]);
      expect(await store().apply(view, [anEntry()], [counted('red', { n: -1 }, -1)])).toBe(false);
      expect(await store().total(view, 1, 'red')).toEqual({ n: 1 });
    });

    test('streams that leave and join at the same time lose no contribution and leave no total behind', async () => {
      const view = aView();
      const streams = 6;
      const joined = (i: number) => [counted('red', { n: i + 1 }, 1), counted('blue', { n: -i - 1 }, -1)] as const;
      const left = (i: number) => [counted('red', { n: -i - 1 }, -1), counted('blue', { n: i + 1 }, 1)] as const;
      for (let i = 0; i < streams; i++) await store().apply(view, [], [counted('blue', { n: i + 1 }, 1)]);
      const move = async (i: number): Promise<void> => {
        for (const [step, deltas] of [joined(i), left(i), joined(i)].entries()) {
          const entry = anEntry({ stream: `note/${i}`, revision: step + 1 });
          while (!(await store().apply(view, [entry], deltas)))
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        }
      };
      await Promise.all(Array.from({ length: streams }, (_, i) => move(i)));
      expect((await store().totals(view, 1, { limit: 10 })).items).toEqual([{ key: 'red', sums: { n: 21 } }]);
    });

    test.each([0, 1])(
      'more streams cannot leave a total than the %d that it counts: the change is refused',
      async (known) => {
        const view = aView();
        if (known > 0) await store().apply(view, [], [counted('red', { n: 1 }, known)]);
        await expect(store().apply(view, [anEntry()], [counted('red', { n: -2 }, -known - 1)])).rejects.toMatchObject({
          code: 'internal',
          message: expect.stringContaining('Rebuild the view'),
        });
        expect(await entryOf(view, anEntry())).toBeUndefined();
        expect(await store().total(view, 1, 'red')).toEqual(known > 0 ? { n: 1 } : undefined);
      },
    );

    test('a total of older code, whose sums are all zero, does not exist', async () => {
      const view = aView();
      await store().apply(view, [], [delta('red', 0, { n: 2, m: 0 }), delta('blue', 0, { n: 1 })]);
      await store().apply(view, [], [delta('red', 1, { n: -2 })]);
      expect((await store().totals(view, 2, { limit: 10 })).items).toEqual([{ key: 'blue', sums: { n: 1 } }]);
      expect(await store().total(view, 2, 'red')).toBeUndefined();
    });

    test('a delta without fields adds nothing', async () => {
      const view = aView();
      expect(await store().apply(view, [anEntry()], [delta('red', 0, {})])).toBe(true);
      expect(await entryOf(view, anEntry())).toEqual(anEntry());
      expect(await store().total(view, 1, 'red')).toBeUndefined();
    });

    test('any name is a valid field, including those of the table’s own attributes', async () => {
      const view = aView();
      const sums = { pk: 1, sk: 2, 'a.b': 3, '#0': 4, ':0': 5, size: 6, 東京: 7, '': 8 };
      await store().apply(view, [], [delta('red', 0, sums)]);
      expect(await store().total(view, 1, 'red')).toEqual(sums);
    });

    test.each(['__proto__', 'constructor'])(
      '%s is as valid as any other stream, key of a total or field',
      async (name) => {
        const view = aView();
        const sums = (n: number): Sums => Object.fromEntries([[name, n]]);
        const entry = anEntry({ stream: name, totals: Object.fromEntries([[name, sums(3)]]), row: sums(4) });
        for (const shard of [0, 1]) await store().apply(view, [], [delta(name, shard, sums(1))]);
        await store().apply(view, [entry], [delta(name, 0, sums(2))]);
        const found = await entryOf(view, entry);
        // Compared as JSON text: a comparison of objects would include their prototypes.
        expect(JSON.stringify([found?.stream, found?.totals, found?.row])).toBe(
          JSON.stringify([name, entry.totals, entry.row]),
        );
        expect(JSON.stringify((await store().rows(view, 2, { limit: 10 })).items)).toBe(
          JSON.stringify([{ key: name, value: entry.row }]),
        );
        expect(JSON.stringify(await store().total(view, 2, name))).toBe(JSON.stringify(sums(4)));
        expect(JSON.stringify((await store().totals(view, 2, { limit: 10 })).items)).toBe(
          JSON.stringify([{ key: name, sums: sums(4) }]),
        );
      },
    );

    test('an invalid key has no total', async () => {
      expect(await store().total(aView(), 4, '')).toBeUndefined();
      expect(await store().total(aView(), 4, 'é'.repeat(513))).toBeUndefined();
    });

    test('sums keep every integer that JavaScript can represent', async () => {
      const view = aView();
      await store().apply(view, [], [delta('red', 0, { n: Number.MAX_SAFE_INTEGER - 1 })]);
      await store().apply(view, [], [delta('red', 0, { n: 1 })]);
      expect(await store().total(view, 1, 'red')).toEqual({ n: Number.MAX_SAFE_INTEGER });
    });

    test('as many fields of a total as the maximum are changed at once', async () => {
      const view = aView();
      const names = Array.from({ length: MAX_CHANGED_FIELDS }, (_, i) => `f${i}`);
      const all = (sum: number) => Object.fromEntries(names.map((name) => [name, sum]));
      expect(await store().apply(view, [], [counted('red', all(1), 2)])).toBe(true);
      expect(await store().apply(view, [], [{ ...counted('red', all(1), -1), sums: all(-2) }])).toBe(true);
      expect(await store().total(view, 1, 'red')).toEqual(all(-1));
    });

    describe('a sum at its limit', () => {
      const beyond = (field: string) => ({
        code: 'internal',
        retryable: false,
        message: expect.stringMatching(`red\\.${field} of view-.* would go beyond \\d+ in shard 0`),
      });

      test.each([
        ['above', 1, 1],
        ['below', -1, -1],
      ])('is exact there, and cannot go %s it: the change is refused as a whole', async (_, sign, more) => {
        const view = aView();
        const most = sign * Number.MAX_SAFE_INTEGER;
        await store().apply(view, [], [counted('red', { n: most, m: 1 }, 1)]);
        const entry = anEntry();
        const change = [counted('blue', { n: 1 }, 1), counted('red', { m: 5, n: more }, 1)];
        await expect(store().apply(view, [entry], change)).rejects.toMatchObject(beyond('n'));
        expect(await entryOf(view, entry)).toBeUndefined();
        expect((await store().totals(view, 1, { limit: 10 })).items).toEqual([{ key: 'red', sums: { m: 1, n: most } }]);
        // Other fields, and the way back, are open.
        expect(await store().apply(view, [entry], [counted('red', { m: 5, n: -more }, 1)])).toBe(true);
        expect(await store().total(view, 1, 'red')).toEqual({ m: 6, n: most - more });
      });

      test.each([0, 3])('starts with at most the limit, in a total that %d streams contribute to', async (known) => {
        const view = aView();
        if (known > 0) await store().apply(view, [], [counted('red', {}, known)]);
        const change = (n: number) => store().apply(view, [], [{ ...counted('red', { n }, 1), limit: 100 }]);
        await expect(change(101)).rejects.toMatchObject(beyond('n'));
        await expect(change(-101)).rejects.toMatchObject(beyond('n'));
        expect(await change(-100)).toBe(true);
        // A change may be larger than the limit, if the sum is not.
        expect(await change(200)).toBe(true);
        await expect(change(1)).rejects.toMatchObject(beyond('n'));
        expect(await store().total(view, 1, 'red')).toEqual({ n: 100 });
      });

      test('that older code took beyond the limit can return, and not go further', async () => {
        const view = aView();
        await store().apply(view, [], [counted('red', { n: 500 }, 1)]);
        const change = (n: number) => store().apply(view, [], [{ ...counted('red', { n }, 0), limit: 100 }]);
        await expect(change(1)).rejects.toMatchObject(beyond('n'));
        expect(await change(-10)).toBe(true);
        expect(await store().total(view, 1, 'red')).toEqual({ n: 490 });
      });

      test('leaves with the last stream, whatever it is', async () => {
        const view = aView();
        await store().apply(view, [], [counted('red', { n: -500 }, 1)]);
        const left = { ...counted('red', { n: -1 }, -1), limit: 100 };
        expect(await store().apply(view, [], [left])).toBe(true);
        expect(await store().total(view, 1, 'red')).toBeUndefined();
      });

      test('is not exceeded by projectors that add at the same time', async () => {
        const view = aView();
        const add = async (i: number): Promise<string> => {
          const entry = anEntry({ stream: `note/${i}` });
          for (;;) {
            try {
              if (await store().apply(view, [entry], [{ ...counted('red', { n: 30 }, 1), limit: 100 }])) return 'added';
            } catch {
              return 'refused';
            }
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
          }
        };
        const results = await Promise.all(Array.from({ length: 6 }, (_, i) => add(i)));
        expect(results.filter((result) => result === 'added')).toHaveLength(3);
        expect(await store().total(view, 1, 'red')).toEqual({ n: 90 });
      });
    });

    test('rows and totals of one view do not mix', async () => {
      const view = aView();
      await store().apply(view, [anEntry({ stream: 'note/1', row: 1 })], [delta('note/1', 0, { n: 1 })]);
      expect((await store().rows(view, 1, { limit: 10 })).items).toEqual([{ key: 'note/1', value: 1 }]);
      expect((await store().totals(view, 1, { limit: 10 })).items).toEqual([{ key: 'note/1', sums: { n: 1 } }]);
    });
  });
}

import { describe, expect, test } from 'vitest';
import type { Page, ViewsTable } from '../../core/index.ts';
import { anEntry, aView, delta } from './a-view.ts';

/** The order of keys: by UTF-8 bytes. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Every page until one has no end. */
async function pagesOf<T>(read: (after: string | undefined) => Promise<Page<T>>): Promise<readonly (readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  let after: string | undefined;
  do {
    const page: Page<T> = await read(after);
    pages.push(page.items);
    after = page.end;
  } while (after !== undefined);
  return pages;
}

/** The paging of rows and totals in every `ViewsTable`: a part of the contract of view stores. */
export function viewPagingContract(store: () => ViewsTable): void {
  describe('paging', () => {
    const SHARDS = 4;
    /** Includes keys whose order in UTF-16 differs from UTF-8. */
    const keys = [
      ...Array.from({ length: 40 }, (_, i) => `note/${i}`),
      ...['\uffee', '\u{1f6eb}', '\ue000', 'é', 'z', 'Z', '~', '-', '\u{10ffff}', '\uffeea'].map(
        (end) => `note/${end}`,
      ),
    ];
    const shardOf = (index: number): number => (index * 7) % SHARDS;

    test('rows come in the order of their keys’ bytes, every page full except the last', async () => {
      const view = aView();
      const entries = keys.map((stream, i) => anEntry({ stream, shard: shardOf(i), row: { i } }));
      await store().apply(view, entries, []);
      for (const limit of [1, 7, 50, 1000]) {
        const pages = await pagesOf((after) => store().rows(view, SHARDS, { after, limit }));
        expect(pages.flat()).toEqual(
          entries.map(({ stream, row }) => ({ key: stream, value: row })).sort((a, b) => byBytes(a.key, b.key)),
        );
        expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
      }
    });

    test('all entries are listed, those without a row too, as they are stored', async () => {
      const view = aView();
      const entries = keys.map((stream, i) =>
        anEntry({ stream, shard: shardOf(i), totals: { [`${i}`]: { count: i } }, ...(i % 3 === 0 && { row: { i } }) }),
      );
      for (const entry of entries) await store().apply(view, [entry], []);
      for (const limit of [1, 7, 1000])
        for (const consistent of [false, true]) {
          const pages = await pagesOf((after) => store().listed(view, SHARDS, { after, limit, consistent }));
          expect(pages.flat()).toEqual(
            entries.map((entry) => ({ key: entry.stream, entry })).sort((a, b) => byBytes(a.key, b.key)),
          );
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
        }
    });

    test('streams without a row are skipped, and pages are still full', async () => {
      const view = aView();
      // None of the first streams has a row, so that whole pages of the table are empty.
      const entries = keys.toSorted(byBytes).map((stream, i) => {
        const place = { stream, shard: shardOf(i) };
        return anEntry(i < 20 || i % 3 === 0 ? place : { ...place, row: i });
      });
      await store().apply(view, entries, []);
      const expected = entries.filter(({ row }) => row !== undefined).map(({ stream }) => stream);
      for (const limit of [1, 4, 1000]) {
        const pages = await pagesOf((after) => store().rows(view, SHARDS, { after, limit }));
        expect(pages.flat().map(({ key }) => key)).toEqual(expected);
        expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
      }
    });

    test('a page among many streams without a row ends early, and the next one continues', async () => {
      const view = aView();
      const many = Array.from({ length: 4_200 }, (_, i) => anEntry({ stream: `note/${String(i).padStart(5, '0')}` }));
      const entries = many.map((entry, i) => (i === 4_199 ? { ...entry, row: 'last' } : entry));
      for (let i = 0; i < entries.length; i += 100) await store().apply(view, entries.slice(i, i + 100), []);
      const pages = await pagesOf((after) => store().rows(view, 1, { after, limit: 1 }));
      expect(pages).toEqual([[], [{ key: 'note/04199', value: 'last' }]]);
    });

    test('a page starts after a key, whether or not it exists', async () => {
      const view = aView();
      await store().apply(
        view,
        ['a', 'c', 'e'].map((stream, i) => anEntry({ stream, shard: i, row: i })),
        [],
      );
      const behind = async (key: string | undefined) =>
        (await store().rows(view, SHARDS, { after: key, limit: 10 })).items.map(({ key }) => key);
      expect(await behind(undefined)).toEqual(['a', 'c', 'e']);
      expect(await behind('')).toEqual(['a', 'c', 'e']);
      expect(await behind('a')).toEqual(['c', 'e']);
      expect(await behind('b')).toEqual(['c', 'e']);
      expect(await behind('e')).toEqual([]);
    });

    test.each([
      ['a', ['\u007f']],
      ['é', ['\u007f', '\u07ff']],
      ['\uffff', ['\u007f', '\u07ff', '\u0800']],
      ['\u{1f6eb}', ['\u007f', '\u07ff', '\ufffd']],
    ])('a page starts after a text that consists of %j, and is longer than any key', async (char, ends) => {
      const view = aView();
      const filled = 'x'.repeat(1_021);
      const starts = [0, 1, 2, 3].map((less) => filled.slice(less));
      const candidates = starts.flatMap((start) => [start, ...ends.map((end) => start + end), `${start}y`, 'y']);
      const streams = [...new Set([...candidates, 'w', `${filled}xxx`])].filter(
        (stream) => Buffer.byteLength(stream) <= 1_024,
      );
      const entries = streams.map((stream, i) => anEntry({ stream, shard: i % SHARDS, row: i }));
      const deltas = streams.map((key, i) => delta(key, i % SHARDS, { n: 1 }));
      await store().apply(view, entries, deltas);
      for (const start of [...starts, `${filled}x`, `${filled}xx`, `${filled}xxx`]) {
        const after = start + char.repeat(1_024);
        const expected = streams.filter((stream) => byBytes(stream, after) > 0).sort(byBytes);
        expect((await store().rows(view, SHARDS, { after, limit: 100 })).items.map(({ key }) => key)).toEqual(expected);
        expect((await store().totals(view, SHARDS, { after, limit: 100 })).items.map(({ key }) => key)).toEqual(
          expected,
        );
      }
    });

    test('totals spread over shards are returned once each, in order, every page full except the last, also of older code', async () => {
      const view = aView();
      // Each key is in one shard, in several, or in all; the sums of every fifth key are zero.
      const deltas = keys.flatMap((key, i) =>
        Array.from({ length: (i % SHARDS) + 1 }, (_, n) => delta(key, (i + n) % SHARDS, { n: 1, i })),
      );
      const zeros = keys.flatMap((key, i) =>
        i % 5 === 0 ? [delta(key, i % SHARDS, { n: -((i % SHARDS) + 1), i: -i * ((i % SHARDS) + 1) })] : [],
      );
      for (const changes of [deltas, zeros])
        for (let i = 0; i < changes.length; i += 50) await store().apply(view, [], changes.slice(i, i + 50));
      const expected = keys
        .flatMap((key, i) => {
          const parts = (i % SHARDS) + 1;
          return i % 5 === 0 ? [] : [{ key, sums: { n: parts, i: i * parts } }];
        })
        .sort((a, b) => byBytes(a.key, b.key));
      for (const limit of [1, 6, 1000]) {
        const pages = await pagesOf((after) => store().totals(view, SHARDS, { after, limit }));
        expect(pages.flat()).toEqual(expected);
        expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
      }
    });

    test('rows of more than a megabyte are paged too', async () => {
      const view = aView();
      const entries = Array.from({ length: 20 }, (_, i) =>
        anEntry({ stream: `note/${String(i).padStart(2, '0')}`, row: String(i).padStart(2, '0').repeat(50_000) }),
      );
      await store().apply(view, entries, []);
      const rows = (await store().rows(view, 1, { limit: 15 })).items;
      expect(rows.map(({ key }) => key)).toEqual(entries.slice(0, 15).map(({ stream }) => stream));
      expect(rows.every(({ value }, i) => value === entries[i]?.row)).toBe(true);
    });
  });
}

import { beforeAll, describe, expect, test } from 'vitest';
import type { Ledger, LedgerEntry } from '../../core/index.ts';
import { aStream } from './commits.ts';

/** An entry with all members; tests override what matters to them. */
export function anEntry(of: Partial<LedgerEntry> = {}): LedgerEntry {
  const commit = { log: 'us-east-1', position: 1, commitId: 'c', region: 'us-east-1', hlc: '018f000000000001' };
  return {
    ...{ stream: 'note/a', commit, at: Date.UTC(2001, 0, 1), kind: 'concurrent', count: 1 },
    about: [{ part: 'name', rule: 'lastWriterWins', isOpen: false }],
    against: { 'us-west-2': [1] },
    branches: [{ 'us-east-1': 1 }, { 'us-west-2': 1 }],
    merged: { 'us-east-1': 1, 'us-west-2': 1 },
    status: 'resolved',
    covered: { 'us-east-1': 1, 'us-west-2': 1 },
    revision: 1,
    writer: 'us-east-1',
    ...of,
  };
}

/** A place in the log of the Region that writes the entry. */
function commitAt(position: number): LedgerEntry['commit'] {
  return { ...anEntry().commit, position };
}

/** The contract of every `Ledger`. `open` is called once. */
export function ledgerContract(open: () => Promise<Ledger>): void {
  describe('ledger', () => {
    let ledger: Ledger;
    beforeAll(async () => {
      ledger = await open();
    });
    const all = { from: 0, to: Number.MAX_SAFE_INTEGER, includes: () => true };
    const pageOf = async (request: Partial<Parameters<Ledger['page']>[0]>) => {
      const { items, end } = await ledger.page({ ...all, limit: 100, ...request });
      return { items: items.map(({ stream, commit }) => `${stream}@${commit.position}`), end };
    };

    test('a stream without entries has none, and no one watches it', async () => {
      expect(await ledger.ofStream(aStream())).toEqual({ entries: [], watches: {} });
    });

    test('an entry is kept as it is written, whatever the names of its logs', async () => {
      const logs = JSON.parse('{"__proto__":1,"constructor":2,"us-east-1":3}');
      const resolvedBy = { log: 'constructor', position: 2, commitId: '\u{1f600}', region: 'us-east-1' };
      const entry = anEntry({ stream: aStream(), covered: logs, resolvedBy });
      expect(await ledger.put(entry)).toBe(true);
      const { entries } = await ledger.ofStream(entry.stream);
      expect(entries).toEqual([{ ...entry, covered: expect.anything() }]);
      expect(Object.keys(entries[0]?.covered ?? {})).toEqual(expect.arrayContaining(['constructor', 'us-east-1']));
    });

    test('an entry is written only after the revision before it', async () => {
      const entry = anEntry({ stream: aStream() });
      expect(await ledger.put({ ...entry, revision: 2 })).toBe(false);
      expect(await ledger.put(entry)).toBe(true);
      expect(await ledger.put({ ...entry, count: 9 })).toBe(false);
      expect(await ledger.put({ ...entry, count: 2, revision: 3 })).toBe(false);
      expect(await ledger.put({ ...entry, count: 2, revision: 2 })).toBe(true);
      expect((await ledger.ofStream(entry.stream)).entries).toEqual([{ ...entry, count: 2, revision: 2 }]);
    });

    test('of concurrent writes of a revision, one succeeds', async () => {
      const entry = anEntry({ stream: aStream() });
      const written = await Promise.all([1, 2, 3, 4].map((count) => ledger.put({ ...entry, count })));
      expect(written.filter(Boolean)).toHaveLength(1);
    });

    test('the entries of two Regions about one conflict, and about several conflicts, are kept apart', async () => {
      const stream = aStream();
      for (const [position, writer] of [
        [1, 'us-east-1'],
        [1, 'us-west-2'],
        [2, 'us-east-1'],
      ] as const)
        expect(await ledger.put(anEntry({ stream, commit: commitAt(position), writer }))).toBe(true);
      expect((await ledger.ofStream(stream)).entries).toHaveLength(3);
    });

    test('a Region watches a stream until it ends that with the same token', async () => {
      const stream = aStream();
      const watched = async () => [...(await ledger.watched([stream, aStream()], 'us-east-1'))];
      await ledger.watch(stream, 'us-east-1', 'first');
      await ledger.watch(stream, 'us-west-2', 'other');
      expect(await watched()).toEqual([stream]);
      await ledger.watch(stream, 'us-east-1', 'second');
      await ledger.unwatch(stream, 'us-east-1', 'first');
      expect(await watched()).toEqual([stream]);
      expect((await ledger.ofStream(stream)).watches).toEqual({ 'us-east-1': 'second', 'us-west-2': 'other' });
      await ledger.unwatch(stream, 'us-east-1', 'second');
      await ledger.unwatch(stream, 'us-east-1', 'second');
      expect(await watched()).toEqual([]);
      expect(await ledger.watched([], 'us-east-1')).toEqual(new Set());
    });

    test('entries are listed by time, over all streams and both lists', async () => {
      const [a, b] = [aStream(), aStream()];
      const at = Date.UTC(2002, 0, 1);
      const put = (stream: string, position: number, status: LedgerEntry['status']) =>
        ledger.put(anEntry({ stream, commit: commitAt(position), at: at + position, status }));
      await put(b, 1, 'open');
      await put(a, 2, 'resolved');
      await put(a, 3, 'superseded');
      await put(b, 4, 'resolved');
      await put(a, 5, 'open');
      const year = { from: at, to: at + 100 };
      expect((await pageOf(year)).items).toEqual([`${b}@1`, `${a}@2`, `${b}@4`, `${a}@5`]);
      expect((await pageOf({ ...year, isOpen: true })).items).toEqual([`${b}@1`, `${a}@5`]);
      expect((await pageOf({ ...year, isOpen: false })).items).toEqual([`${a}@2`, `${b}@4`]);
      expect((await pageOf({ from: at + 2, to: at + 4 })).items).toEqual([`${a}@2`, `${b}@4`]);
      expect((await pageOf({ from: at + 4, to: at })).items).toEqual([]);
      expect((await pageOf({ ...year, includes: ({ stream }) => stream === a })).items).toEqual([`${a}@2`, `${a}@5`]);
    });

    test('an entry that changes its status changes its list', async () => {
      const at = Date.UTC(2003, 0, 1);
      const entry = anEntry({ stream: aStream(), at, status: 'open' });
      await ledger.put(entry);
      await ledger.put({ ...entry, status: 'resolved', revision: 2 });
      expect((await pageOf({ from: at, to: at, isOpen: true })).items).toEqual([]);
      expect((await pageOf({ from: at, to: at })).items).toEqual([`${entry.stream}@1`]);
      await ledger.put({ ...entry, status: 'superseded', revision: 3 });
      expect((await pageOf({ from: at, to: at })).items).toEqual([]);
    });

    test('pages of any size have every entry once, also of one time', async () => {
      const at = Date.UTC(2004, 0, 1);
      const streams = Array.from({ length: 7 }, aStream);
      for (const [i, stream] of streams.entries())
        for (const position of [1, 2, 3])
          await ledger.put(
            anEntry({ stream, at, commit: commitAt(position), status: (i + position) % 2 ? 'open' : 'resolved' }),
          );
      for (const limit of [1, 4, 100]) {
        const read: string[] = [];
        let after: string | undefined;
        do {
          const page = await pageOf({ from: at, to: at, limit, after });
          expect(page.items.length).toBeLessThanOrEqual(limit);
          read.push(...page.items);
          after = page.end;
        } while (after !== undefined);
        expect(read.toSorted()).toEqual(streams.flatMap((stream) => [1, 2, 3].map((n) => `${stream}@${n}`)).sort());
      }
    });
  });
}

import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Commit, type EventsTable, versionCovers } from '../../core/index.ts';
import { aCommit, anIntent, aStream, meddle, strangeJson } from './commits.ts';

function byDot(a: Commit, b: Commit): number {
  return a.log.localeCompare(b.log) || a.position - b.position;
}
function sorted(commits: readonly Commit[]): readonly Commit[] {
  return [...commits].sort(byDot);
}

/** The contract of every `EventsTable`. `open` is called once. */
export function eventStoreContract(open: () => EventsTable): void {
  describe('event store', () => {
    let store: EventsTable;
    beforeAll(() => {
      store = open();
    });

    test('a stream without commits is empty', async () => {
      const stream = aStream();
      expect(await store.load(stream)).toEqual([]);
      expect(await store.loadLog(stream, 'us-east-1', 0)).toEqual([]);
    });

    test('a commit is read back as written, at once', async () => {
      const commit = aCommit({ stream: aStream() });
      expect(await store.put(commit)).toBeUndefined();
      expect(await store.load(commit.stream)).toEqual([commit]);
    });

    test('a commit without meta, context or data is read back as written', async () => {
      const commit = aCommit({
        stream: aStream(),
        events: [{ type: 'Cancelled', schemaVersion: 1, data: undefined }],
        context: {},
        meta: {},
      });
      await store.put(commit);
      expect(await store.load(commit.stream)).toEqual([commit]);
    });

    test('it is known which positions are taken, by whatever is there', async () => {
      const stream = aStream();
      await store.put(aCommit({ stream }));
      await store.put(anIntent({ stream, position: 2 }));
      const at = (log: string, position: number, of = stream) => ({ stream: of, log, position });
      const places = [at('us-east-1', 3), at('us-east-1', 1), at('us-west-2', 1), at('us-east-1', 2)];
      expect(await store.taken([...places, at('us-east-1', 1, aStream()), at('us-east-1', 1)])).toEqual([
        ...[false, true, false, true],
        ...[false, true],
      ]);
      expect(await store.taken([])).toEqual([]);
      const many = Array.from({ length: 250 }, (_, i) => at('us-east-1', i + 1));
      expect((await store.taken(many)).filter(Boolean)).toHaveLength(2);
    });

    test('the events of a commit keep their order', async () => {
      const events = Array.from({ length: 100 }, (_, data) => ({ type: 'Noted', schemaVersion: 2, data }));
      const commit = aCommit({ stream: aStream(), events });
      await store.put(commit);
      expect((await store.load(commit.stream))[0]?.events).toEqual(events);
    });

    test('unusual but valid JSON is preserved exactly', async () => {
      const commit = aCommit({
        stream: aStream(),
        events: strangeJson.map((data) => ({ type: 'Strange', schemaVersion: 1, data })),
      });
      await store.put(commit);
      const [loaded] = await store.load(commit.stream);
      expect(loaded?.events.map(({ data }) => JSON.stringify(data))).toEqual(
        strangeJson.map((data) => JSON.stringify(data)),
      );
    });

    test('any JSON is preserved exactly', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 }), async (values) => {
          const commit = aCommit({
            stream: aStream(),
            events: values.map((data) => ({ type: 'Any', schemaVersion: 1, data })),
          });
          await store.put(commit);
          const [loaded] = await store.load(commit.stream);
          expect(JSON.stringify(loaded?.events)).toBe(JSON.stringify(commit.events));
        }),
        { numRuns: 25 },
      );
    });

    test('ids, types and meta keep any character', async () => {
      const commit = aCommit({
        stream: aStream(),
        commitId: 'Zürich → 東京 \u{1f6eb} "#/',
        events: [{ type: 'Déparé 🛫', schemaVersion: 1, data: {} }],
        meta: { actor: '' },
      });
      await store.put(commit);
      expect(await store.load(commit.stream)).toEqual([commit]);
    });

    test('a position is taken once: putting a second commit writes nothing, and returns the first', async () => {
      const first = aCommit({ stream: aStream(), commitId: 'first' });
      const second = { ...first, commitId: 'second', events: [{ type: 'Withdrawn', schemaVersion: 1, data: 1 }] };
      await store.put(first);
      expect(await store.put(second)).toEqual(first);
      expect(await store.load(first.stream)).toEqual([first]);
    });

    test('putting a commit again, because its response was lost, returns the stored commit', async () => {
      const commit = aCommit({ stream: aStream() });
      await store.put(commit);
      expect(await store.put(commit)).toEqual(commit);
      expect(await store.load(commit.stream)).toEqual([commit]);
    });

    test('exactly one of many writers at one position wins, and all others return its commit', async () => {
      const stream = aStream();
      const commits = Array.from({ length: 32 }, (_, i) => aCommit({ stream, commitId: `writer-${i}` }));
      const holders = await Promise.all(commits.map((commit) => store.put(commit)));
      const [winner] = await store.load(stream);
      expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
      expect(holders.indexOf(undefined)).toBe(commits.findIndex(({ commitId }) => commitId === winner?.commitId));
      expect(
        holders.filter((holder) => holder !== undefined).every(({ commitId }) => commitId === winner?.commitId),
      ).toBe(true);
    });

    test('logs and streams are independent', async () => {
      const stream = aStream();
      const commits = [
        aCommit({ stream }),
        aCommit({ stream, log: 'us-east-2' }),
        aCommit({ stream: `${stream}.b` }),
        aCommit({ stream: `stock/${stream.split('/')[1]}` }),
      ];
      for (const commit of commits) expect(await store.put(commit)).toBeUndefined();
      expect(sorted(await store.load(stream))).toEqual(commits.slice(0, 2));
    });

    test('the commits of one log after a position are loaded in order, without those of other logs', async () => {
      const stream = aStream();
      const positions = [10, 2, 1, 11, 9, 3, 100];
      const logs = ['us-east', 'us-east-1', 'us-east-1-restored', 'us-east-2'];
      for (const log of logs) for (const position of positions) await store.put(aCommit({ stream, log, position }));
      const behind = async (position: number) =>
        (await store.loadLog(stream, 'us-east-1', position)).map((commit) => `${commit.log}.${commit.position}`);
      expect(await behind(0)).toEqual([1, 2, 3, 9, 10, 11, 100].map((position) => `us-east-1.${position}`));
      expect(await behind(9)).toEqual(['us-east-1.10', 'us-east-1.11', 'us-east-1.100']);
      expect(await behind(99)).toEqual(['us-east-1.100']);
      expect(await behind(100)).toEqual([]);
      expect(await store.load(stream)).toHaveLength(logs.length * positions.length);
    });

    test('a load after a version returns the commits that the version does not cover, including those of logs that it does not name', async () => {
      const stream = aStream();
      const logs = ['ap', 'us', 'us-east', 'us-east-1', 'us-east-1-restored', 'us-east-2', 'zz', '0', '9.b'];
      for (const log of logs) for (const position of [1, 2, 10]) await store.put(aCommit({ stream, log, position }));
      await store.put(aCommit({ stream: `${stream}.b`, position: 3 }));
      const all = await store.load(stream);
      for (const version of [
        {},
        { 'us-east-1': 2 },
        { 'us-east': 10, 'us-east-1': 1 },
        { zz: 10, ap: 2, 'us-east-2': 0, elsewhere: 5 },
        { 0: 1, '9.b': 2 },
        Object.fromEntries(logs.map((log) => [log, 10])),
      ]) {
        const behind = all.filter(({ log, position }) => position > (new Map(Object.entries(version)).get(log) ?? 0));
        expect(sorted(await store.load(stream, version))).toEqual(sorted(behind));
      }
    });

    test('the first commits of each log after a version are loaded, and the logs are named of which more may follow', async () => {
      const stream = aStream();
      const lengths = { 'ap-1': 3, eu: 1, 'eu-west-1': 5, us: 4 };
      const commits = Object.entries(lengths).flatMap(([log, length]) =>
        Array.from({ length }, (_, i) => aCommit({ stream, log, position: i + 1 })),
      );
      for (const commit of commits) await store.put(commit);
      for (const after of [{}, { 'ap-1': 3 }, { eu: 1, us: 1 }, { 'eu-west-1': 4 }, { none: 7, us: 4 }])
        for (const limit of [1, 2, 4, 100]) {
          const missing = Map.groupBy(
            commits.filter((commit) => !versionCovers(after, commit)),
            ({ log }) => log,
          );
          const { commits: found, cut } = await store.loadFirst(stream, after, limit);
          const byLog = Map.groupBy(found, ({ log }) => log);
          expect([...byLog.keys()].sort()).toEqual([...missing.keys()].sort());
          for (const [log, all] of missing) {
            const first = byLog.get(log) ?? [];
            const positions = first.map(({ position }) => position).sort((a, b) => a - b);
            expect(positions).toEqual(all.slice(0, first.length).map(({ position }) => position));
            expect(first.length).toBeLessThanOrEqual(limit);
            if (first.length < all.length) expect(cut).toContain(log);
          }
        }
      expect(await store.loadFirst(aStream(), {}, 10)).toEqual({ commits: [], cut: [] });
    });

    test('the highest possible position is valid', async () => {
      const commit = aCommit({ stream: aStream(), position: Number.MAX_SAFE_INTEGER });
      await store.put(commit);
      expect(await store.loadLog(commit.stream, commit.log, Number.MAX_SAFE_INTEGER - 1)).toEqual([commit]);
      expect(await store.load(commit.stream, { [commit.log]: Number.MAX_SAFE_INTEGER - 1 })).toEqual([commit]);
      expect(await store.load(commit.stream, { [commit.log]: Number.MAX_SAFE_INTEGER })).toEqual([]);
      expect(await store.put({ ...commit, commitId: 'other' })).toEqual(commit);
    });

    test('a stream of more than a megabyte is loaded completely', async () => {
      const stream = aStream();
      const text = 'ü'.repeat(60_000);
      const commits = Array.from({ length: 20 }, (_, i) =>
        aCommit({ stream, position: i + 1, events: [{ type: 'Large', schemaVersion: 1, data: { text } }] }),
      );
      await Promise.all(commits.map((commit) => store.put(commit)));
      expect(sorted(await store.load(stream))).toEqual(commits);
      expect(await store.loadLog(stream, 'us-east-1', 2)).toEqual(commits.slice(2));
    });

    test('a commit above the size of an item is refused as too large, and not written', async () => {
      const commit = aCommit({
        stream: aStream(),
        events: [{ type: 'Large', schemaVersion: 1, data: 'x'.repeat(500_000) }],
      });
      await expect(store.put(commit)).rejects.toMatchObject({ code: 'too-large', retryable: false });
      expect(await store.load(commit.stream)).toEqual([]);
    });

    test('changing a commit object after it was put does not affect the store', async () => {
      const make = () => structuredClone(expected);
      const expected = aCommit({ stream: aStream() });
      const commit = make();
      await store.put(commit);
      meddle(commit);
      expect(await store.load(expected.stream)).toEqual([expected]);
    });

    test('changing a loaded or returned commit does not affect the store', async () => {
      const commit = aCommit({ stream: aStream() });
      await store.put(commit);
      meddle(await store.load(commit.stream));
      meddle(await store.load(commit.stream, {}));
      meddle(await store.loadLog(commit.stream, commit.log, 0));
      meddle(await store.put(commit));
      expect(await store.load(commit.stream)).toEqual([commit]);
    });
  });
}

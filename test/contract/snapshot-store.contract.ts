import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { KnownCopy, Snapshot, SnapshotStore } from '../../core/index.ts';
import { aStream, meddle, strangeJson } from './commits.ts';

const LATEST = '018f00000000000a';

function aCopy(of: Partial<KnownCopy> = {}): KnownCopy {
  const { log = 'us-east-1', position = 1, fingerprint = 'digest-of-the-request' } = of;
  return {
    ...{ commitId: `${log}-${position}`, log, position, hlc: LATEST, fingerprint },
    ...{ countsAs: fingerprint, version: { [log]: position }, ...of },
  };
}

/** A snapshot with these copies; tests override what matters to them. */
export function aSnapshot(of: Partial<Snapshot> = {}, copies: readonly KnownCopy[] = [aCopy()]): Snapshot {
  return {
    stream: 'note/2001-01-01.red-blue.17',
    codeVersion: 1,
    schemaVersions: { Noted: 2 },
    version: { 'us-east-1': 7, 'eu-west-1': 3 },
    latestStamp: LATEST,
    withEvents: { 'us-east-1': 6, 'eu-west-1': 0 },
    state: { balance: -3 },
    ids: Map.groupBy(copies, ({ commitId }) => commitId),
    ...of,
  };
}

/** A megabyte of incompressible data. */
const noise = randomBytes(1024 * 1024).toString('base64');

export function aLargeSnapshot(stream: string, of: Partial<Snapshot> = {}): Snapshot {
  return aSnapshot({ stream, state: noise, ...of });
}

/** The contract of every `SnapshotStore`. `open` is called once. */
export function snapshotStoreContract(open: () => SnapshotStore): void {
  describe('snapshot store', () => {
    let store: SnapshotStore;
    beforeAll(() => {
      store = open();
    });
    const stamps = async (stream: string, codeVersion = 1): Promise<readonly string[]> => {
      const found: string[] = [];
      let next = await store.newest(stream, codeVersion);
      while (next) {
        found.push(next.latestStamp);
        next = await store.newest(stream, codeVersion, next.latestStamp);
      }
      return found;
    };

    test('a stream without snapshots has none', async () => {
      expect(await store.newest(aStream(), 1)).toBeUndefined();
    });

    test('a snapshot is read back as written, at once', async () => {
      const copies = [
        aCopy(),
        aCopy({ commitId: 'twice', position: 2, fingerprint: 'another', countsAs: 'the first' }),
        aCopy({ commitId: 'twice', position: 3, version: { 'us-east-1': 3, 'eu-west-1': 2 } }),
        aCopy({ commitId: 'Zürich → 東京 \u{1f6eb} "#/', log: 'eu-west-1', position: 9_007_199_254_740_991 }),
        aCopy({ commitId: '__proto__', position: 4 }),
      ];
      const snapshot = aSnapshot({ stream: aStream() }, copies);
      await store.put(snapshot);
      expect(await store.newest(snapshot.stream, 1)).toEqual(snapshot);
    });

    test('a snapshot of an empty log, without ids and with the initial state, is read back as written', async () => {
      const snapshot = aSnapshot({ stream: aStream(), version: {}, withEvents: {}, state: null }, []);
      await store.put(snapshot);
      expect(await store.newest(snapshot.stream, 1)).toEqual(snapshot);
    });

    test('unusual but valid JSON is preserved exactly', async () => {
      const snapshot = aSnapshot({ stream: aStream(), state: strangeJson });
      await store.put(snapshot);
      expect(JSON.stringify((await store.newest(snapshot.stream, 1))?.state)).toBe(JSON.stringify(strangeJson));
    });

    test('a state that is not JSON is refused, and the stored snapshots remain', async () => {
      const snapshot = aSnapshot({ stream: aStream() });
      await store.put(snapshot);
      await expect(store.put({ ...snapshot, latestStamp: `${LATEST}0`, state: new Map() })).rejects.toThrow('not JSON');
      expect(await store.newest(snapshot.stream, 1)).toEqual(snapshot);
    });

    test('a snapshot of more than a megabyte is read completely', async () => {
      const snapshot = aLargeSnapshot(aStream());
      await store.put(snapshot);
      expect((await store.newest(snapshot.stream, 1))?.state).toBe(snapshot.state);
    });

    test('a snapshot with ten thousand ids is read completely', async () => {
      const copies = Array.from({ length: 10_000 }, (_, i) => aCopy({ position: i + 1 }));
      const snapshot = aSnapshot({ stream: aStream() }, copies);
      await store.put(snapshot);
      expect((await store.newest(snapshot.stream, 1))?.ids).toEqual(snapshot.ids);
    });

    test('the two newest snapshots are kept, and the newest is returned first', async () => {
      const stream = aStream();
      for (const digit of ['1', '2', '3', '4'])
        await store.put(aLargeSnapshot(stream, { latestStamp: `018f00000000000${digit}` }));
      expect(await stamps(stream)).toEqual(['018f000000000004', '018f000000000003']);
    });

    test('a late snapshot that is older than both deletes nothing', async () => {
      const stream = aStream();
      for (const digit of ['3', '2', '1'])
        await store.put(aSnapshot({ stream, latestStamp: `018f00000000000${digit}` }));
      expect(await stamps(stream)).toEqual(['018f000000000003', '018f000000000002']);
    });

    test('the same snapshot stored twice counts once', async () => {
      const stream = aStream();
      const [old, snapshot] = [aSnapshot({ stream, latestStamp: '018f000000000001' }), aSnapshot({ stream })];
      for (const put of [old, snapshot, snapshot]) await store.put(put);
      expect(await stamps(stream)).toEqual([LATEST, '018f000000000001']);
    });

    test('two concurrent writers of different states: the stored snapshot is complete', async () => {
      const stream = aStream();
      const one = aLargeSnapshot(stream);
      const other = { ...one, state: `${one.state}!` };
      await Promise.all([store.put(one), store.put(other), store.put(one)]);
      const kept = await store.newest(stream, 1);
      expect([one.state, other.state]).toContain(kept?.state);
    });

    test('a version of the definition sees only its own snapshots, and its second one deletes those of lower versions', async () => {
      const stream = aStream();
      const put = (codeVersion: number, digit: string) =>
        store.put(
          aSnapshot({ stream, codeVersion: codeVersion, latestStamp: `018f00000000000${digit}`, state: codeVersion }),
        );
      await put(9, '5');
      await put(10, '3');
      expect([await stamps(stream, 9), await stamps(stream, 10)]).toEqual([['018f000000000005'], ['018f000000000003']]);
      expect((await store.newest(stream, 9))?.state).toBe(9);
      await put(9, '6');
      await put(9, '7');
      expect(await stamps(stream, 10)).toEqual(['018f000000000003']);
      await put(10, '4');
      expect([await stamps(stream, 9), await stamps(stream, 10)]).toEqual([
        [],
        ['018f000000000004', '018f000000000003'],
      ]);
    });

    test('a deleted snapshot is gone, and the others remain', async () => {
      const stream = aStream();
      for (const digit of ['1', '2']) await store.put(aSnapshot({ stream, latestStamp: `018f00000000000${digit}` }));
      await store.put(aSnapshot({ stream, codeVersion: 2, latestStamp: '018f000000000002' }));
      await store.drop(stream, 1, '018f000000000002');
      await store.drop(stream, 1, '018f000000000003');
      await store.drop(aStream(), 1, '018f000000000002');
      expect([await stamps(stream), await stamps(stream, 2)]).toEqual([['018f000000000001'], ['018f000000000002']]);
    });

    test('streams are independent', async () => {
      const stream = aStream();
      const streams = [stream, `${stream}.b`, `stock/${stream.split('/')[1]}`];
      for (const each of streams) await store.put(aSnapshot({ stream: each, state: each }));
      for (const each of streams) expect((await store.newest(each, 1))?.state).toBe(each);
    });

    test('changing a snapshot object that was put or loaded does not affect the store', async () => {
      const expected = aSnapshot({ stream: aStream() });
      const snapshot = structuredClone(expected);
      await store.put(snapshot);
      meddle(snapshot);
      meddle(await store.newest(expected.stream, 1));
      expect(await store.newest(expected.stream, 1)).toEqual(expected);
    });
  });
}

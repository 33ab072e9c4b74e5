import { beforeAll, describe, expect, test } from 'vitest';
import type { PlacementEntry, PlacementRecord, PlacementStore } from '../../core/index.ts';

/** An entry with all members; tests override what matters to them. */
export function aPlacementEntry(of: Partial<PlacementEntry> = {}): PlacementEntry {
  return {
    ...{ forced: 0, epoch: 1, kind: 'planned', by: 'us-east-1', acting: 'us-west-2', sources: ['us-east-1'], lost: [] },
    ...{ at: Date.UTC(2001, 0, 1), ...of },
  };
}

/** What a Region has written after some moves. */
export function aPlacementRecord(of: Partial<PlacementRecord> = {}): PlacementRecord {
  return { region: 'us-east-1', revision: 1, entries: { 'us-east-1': aPlacementEntry() }, ...of };
}

/** The contract of every `PlacementStore`. `open` is called once, and opens an empty one. */
export function placementContract(open: () => Promise<PlacementStore>): void {
  describe('placement', () => {
    let store: PlacementStore;
    beforeAll(async () => {
      store = await open();
    });
    const recordOf = async (region: string) => (await store.records()).find((record) => record.region === region);

    test('nothing has moved at first', async () => {
      expect(await store.records()).toEqual([]);
    });

    test('a record is kept as it is written', async () => {
      const entries = {
        'eu-west-1': aPlacementEntry({ lost: ['eu-west-1'], kind: 'forced', by: 'eu-central-1' }),
        'eu-west-1/till': aPlacementEntry({ epoch: 12, sources: ['eu-west-1', 'us-east-1'], by: 'eu-central-1' }),
      };
      const record = aPlacementRecord({ region: 'eu-central-1', entries });
      expect(await store.put(record)).toBe(true);
      expect(await recordOf('eu-central-1')).toEqual(record);
    });

    test('a record is written only after the revision before it, and only once', async () => {
      const [first, other] = [aPlacementRecord(), aPlacementRecord({ entries: {} })];
      expect(await store.put({ ...first, revision: 2 })).toBe(false);
      expect(await recordOf('us-east-1')).toBeUndefined();
      expect(await store.put(first)).toBe(true);
      expect(await store.put(other)).toBe(false);
      expect(await store.put({ ...other, revision: 3 })).toBe(false);
      expect(await recordOf('us-east-1')).toEqual(first);
      expect(await store.put({ ...other, revision: 2 })).toBe(true);
      expect(await store.put({ ...first, revision: 2 })).toBe(false);
      expect(await recordOf('us-east-1')).toEqual({ ...other, revision: 2 });
    });

    test('of two writers of one revision, one wins', async () => {
      const region = 'sa-east-1';
      const acting = ['us-east-1', 'us-west-2'];
      const written = await Promise.all(
        acting.map((to) => store.put(aPlacementRecord({ region, entries: { a: aPlacementEntry({ acting: to }) } }))),
      );
      expect(written.toSorted()).toEqual([false, true]);
      expect((await recordOf(region))?.entries.a?.acting).toBe(acting[written.indexOf(true)]);
    });

    test('each Region has a record, and all of them are read', async () => {
      for (const region of ['ca-central-1', 'ca-west-1'])
        expect(await store.put(aPlacementRecord({ region }))).toBe(true);
      const regions = (await store.records()).map(({ region }) => region);
      expect(regions).toEqual(expect.arrayContaining(['ca-central-1', 'ca-west-1']));
      expect(new Set(regions).size).toBe(regions.length);
    });
  });
}

import { describe, expect, it } from 'vitest';
import {
  compareKeys,
  type EntryKey,
  entryFor,
  isLostFor,
  joinPlacements,
  type PlacementEntry,
  placementOf,
  scopeOf,
  sealIdOf,
  sealIn,
} from '../../../core/facts/placement.ts';

function anEntry(of: Partial<PlacementEntry> = {}): PlacementEntry {
  return { forced: 0, epoch: 1, kind: 'planned', by: 'us', acting: 'us', sources: ['eu'], lost: [], at: 0, ...of };
}

describe('entries', () => {
  it('are ordered by the forced moves behind them, then by epoch, then by their writer', () => {
    const keys: readonly (EntryKey | undefined)[] = [
      undefined,
      { forced: 0, epoch: 1, by: 'eu' },
      { forced: 0, epoch: 1, by: 'us' },
      { forced: 0, epoch: 9, by: 'ap' },
      { forced: 1, epoch: 1, by: 'ap' },
      { forced: 1, epoch: 2, by: 'ap' },
    ];
    for (const [i, a] of keys.entries())
      for (const [j, b] of keys.entries()) expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(i - j));
  });

  it('are joined scope by scope, in any order', () => {
    const [older, newer] = [anEntry(), anEntry({ epoch: 2, acting: 'ap', lost: ['us'] })];
    const records = [
      { region: 'us', revision: 1, entries: { eu: older, ap: older } },
      { region: 'ap', revision: 1, entries: { eu: newer } },
    ];
    const placement = { eu: newer, ap: older };
    expect(placementOf(records)).toEqual(placement);
    expect(placementOf(records.toReversed())).toEqual(placement);
    expect(joinPlacements(placement, {})).toEqual(placement);
  });

  it('take a Region for lost where it is named, and writes nothing of the type', () => {
    const lost = anEntry({ acting: 'ap', lost: ['eu'] });
    expect(isLostFor({ eu: lost }, 'stock', 'eu')).toBe(true);
    expect(isLostFor({ eu: lost }, 'stock', 'ap')).toBe(false);
    // Only another type was moved, or its home is back, or it writes for another home.
    expect(isLostFor({ 'eu/till': lost }, 'stock', 'eu')).toBe(false);
    expect(isLostFor({ 'eu/till': lost }, 'till', 'eu')).toBe(true);
    expect(isLostFor({ eu: lost, 'eu/stock': anEntry({ acting: 'eu' }) }, 'stock', 'eu')).toBe(false);
    expect(isLostFor({ eu: lost, us: anEntry({ acting: 'eu' }) }, 'stock', 'eu')).toBe(false);
    expect(isLostFor({}, 'stock', 'eu')).toBe(false);
  });

  it('are those of the type before those of the home', () => {
    const placement = { [scopeOf('eu')]: anEntry(), [scopeOf('eu', 'stock')]: anEntry({ acting: 'ap' }) };
    expect(entryFor(placement, 'eu', 'stock')?.acting).toBe('ap');
    expect(entryFor(placement, 'eu', 'account')?.acting).toBe('us');
    expect(entryFor(placement, 'us', 'stock')).toBeUndefined();
  });
});

describe('a seal', () => {
  const seal = { key: { forced: 3, epoch: 12, by: 'eu-west-1' }, acting: 'us-east-1' } as const;

  it('says in its id what it is for, and whom it names', () => {
    expect(sealIdOf(seal)).toBe('seal:3.12.eu-west-1:us-east-1');
    expect(sealIn({ commitId: sealIdOf(seal), events: [] })).toEqual(seal);
  });

  it.each(['seal:', 'seal:1.odd.eu:us', 'seal:1.eu:us', 'other'])('is not a commit with the id %s', (commitId) => {
    expect(sealIn({ commitId, events: [] })).toBeUndefined();
  });

  it('has no events', () => {
    const events = [{ type: 'Noted', schemaVersion: 1, data: {} }];
    expect(sealIn({ commitId: sealIdOf(seal), events })).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { sealIdOf } from '../../../core/facts/placement.ts';
import { History } from '../../../core/log/history.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../core/wire/snapshot.ts';
import { account } from '../../../testing/toy.ts';

const DAY_MS = 86_400_000;
const NOW = 400 * DAY_MS;

/** Ten deposits and a seal in the middle, in a log of Region `eu`. */
function commits(): readonly Commit[] {
  return Array.from({ length: 10 }, (_, i) => {
    const seal = { key: { forced: 0, epoch: 1, by: 'eu' }, acting: 'us' } as const;
    const isSeal = i === 4;
    return {
      ...{
        stream: 'account/eu.1',
        log: 'eu',
        position: i + 1,
        previous: isSeal || i === 5 ? 4 : i,
        region: 'eu',
        meta: {},
      },
      commitId: isSeal ? sealIdOf(seal) : `c${i}`,
      fingerprint: 'f',
      events: isSeal ? [] : [{ type: 'Deposited', schemaVersion: 2, data: { amount: 1 } }],
      context: i === 0 ? {} : { eu: i },
      hlc: (i + 1).toString(16).padStart(16, '0'),
    };
  });
}

const type = { ...account, snapshots: { codeVersion: 1, every: 5 } } as typeof account;

describe('the seals of a stream', () => {
  it('are seen when all before them in their log is', () => {
    const [first, ...rest] = commits();
    const history = new History(type, 'account/eu.1', rest.slice(0, 4));
    expect(history.lastSealOf('eu')).toMatchObject({ acting: 'us', position: 5 });
    expect(history.seenSealOf('eu')).toBeUndefined();
    if (first) history.add([first]);
    expect(history.seenSealOf('eu')).toMatchObject({ acting: 'us', key: { epoch: 1 }, position: 5 });
    expect(history.seenSealOf('us')).toBeUndefined();
  });

  it('outlive a snapshot that includes them', () => {
    const history = new History(type, 'account/eu.1', commits());
    const snapshot = history.takeSnapshot(NOW);
    if (!snapshot) throw new Error('No snapshot was taken.');
    expect(snapshot.version.eu).toBeGreaterThan(5);
    const read = decodeSnapshot(encodeSnapshot(snapshot));
    const loaded = new History(type, 'account/eu.1', [], read);
    for (const each of [history, loaded])
      expect(each.seenSealOf('eu')).toEqual({
        ...{ key: { forced: 0, epoch: 1, by: 'eu' }, acting: 'us' },
        ...{ region: 'eu', log: 'eu', position: 5 },
      });
  });
});

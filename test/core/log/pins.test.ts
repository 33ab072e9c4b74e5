import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { pinIdOf } from '../../../core/facts/pin.ts';
import { sealIdOf } from '../../../core/facts/placement.ts';
import { History } from '../../../core/log/history.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../core/wire/snapshot.ts';
import { account } from '../../../testing/toy.ts';

const NOW = 400 * 86_400_000;
const KEY = { forced: 0, number: 1, by: 'eu' };

/** Ten commits in a log of Region `eu`: a pin, later a seal for the home that it names, and deposits. */
function commits(): readonly Commit[] {
  return Array.from({ length: 10 }, (_, i) => {
    const ids = new Map([
      [3, pinIdOf({ key: KEY, to: 'us' })],
      [5, sealIdOf({ key: { forced: 0, epoch: 1, by: 'us' }, acting: 'ap', pin: KEY })],
    ]);
    const position = i + 1;
    const withEvents = Array.from({ length: i }, (_, before) => before + 1).findLast((each) => !ids.has(each)) ?? 0;
    return {
      ...{ stream: 'account/eu.1', log: 'eu', position, previous: withEvents, region: 'eu', meta: {} },
      commitId: ids.get(position) ?? `c${i}`,
      fingerprint: 'f',
      events: ids.has(position) ? [] : [{ type: 'Deposited', schemaVersion: 2, data: { amount: 1 } }],
      context: i === 0 ? {} : { eu: i },
      hlc: position.toString(16).padStart(16, '0'),
    };
  });
}

const type = { ...account, snapshots: { codeVersion: 1, every: 5 } } as typeof account;

describe('the newest pin of a stream', () => {
  it('counts when it is seen, and at once for the Region that put it', () => {
    const [first, ...rest] = commits();
    const history = new History(type, 'account/eu.1', rest.slice(0, 3));
    expect(history.pinFor('us')).toBeUndefined();
    expect(history.pinFor('eu')).toMatchObject({ to: 'us', log: 'eu', position: 3 });
    if (first) history.add([first]);
    expect(history.pinFor('us')).toMatchObject({ key: KEY, to: 'us' });
  });

  it('is kept by a snapshot that covers it, and so is a seal for the home that it names', () => {
    const history = new History(type, 'account/eu.1', commits());
    const snapshot = history.takeSnapshot(NOW);
    expect(snapshot).toMatchObject({ version: { eu: 10 }, pin: { key: KEY, to: 'us', log: 'eu', position: 3 } });
    if (!snapshot) throw new Error('There is no snapshot.');
    const loaded = new History(type, 'account/eu.1', [], decodeSnapshot(encodeSnapshot(snapshot)));
    for (const each of [history, loaded]) {
      expect(each.pinFor('us')).toEqual({ key: KEY, to: 'us', log: 'eu', position: 3 });
      expect(each.seenSealOf('eu', KEY)).toMatchObject({ acting: 'ap', position: 5 });
      expect(each.seenSealOf('eu')).toBeUndefined();
    }
  });
});

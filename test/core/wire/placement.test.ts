import { expect, test } from 'vitest';
import { decodePlacementRecord, encodePlacementRecord } from '../../../core/wire/placement.ts';
import { aPlacementEntry, aPlacementRecord } from '../../contract/placement.contract.ts';

test('decoding reverses encoding', () => {
  const record = aPlacementRecord({
    revision: 3,
    entries: { 'us-east-1': aPlacementEntry(), 'us-east-1/till': aPlacementEntry({ kind: 'forced', lost: ['a'] }) },
  });
  expect(decodePlacementRecord(encodePlacementRecord(record))).toEqual(record);
});

test('members that newer code has added are ignored', () => {
  const record = aPlacementRecord();
  const newer = JSON.stringify({
    ...record,
    heartbeat: 7,
    entries: { 'us-east-1': { ...aPlacementEntry(), state: 'complete' } },
  });
  expect(decodePlacementRecord(newer)).toEqual(record);
});

test.each([
  ['is not JSON', 'no'],
  ['has no entries', JSON.stringify({ region: 'us-east-1', revision: 1 })],
  ['has an entry without an acting Region', encodePlacementRecord(aPlacementRecord()).replace('acting', 'acted')],
  ['has an entry of an unknown kind', encodePlacementRecord(aPlacementRecord()).replace('planned', 'wished')],
  ['has an entry without an epoch', encodePlacementRecord(aPlacementRecord()).replace('"epoch":1', '"epoch":0')],
])('a record that %s is refused', (_, text) => {
  expect(() => decodePlacementRecord(text)).toThrow();
});

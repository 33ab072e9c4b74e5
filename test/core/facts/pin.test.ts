import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePinKeys, newerPin, type Pin, type PinKey, pinIdOf, pinIn } from '../../../core/facts/pin.ts';
import { sealIdOf, sealIn } from '../../../core/facts/placement.ts';

const key = fc.record({ forced: fc.nat(2), number: fc.integer({ min: 1, max: 3 }), by: fc.constantFrom('eu', 'us-1') });

describe('a pin', () => {
  it('is a commit whose id says all', () => {
    const pin: Pin = { key: { forced: 2, number: 12, by: 'eu-west-1' }, to: 'us-east-1' };
    expect(pinIdOf(pin)).toBe('pin:2.12.eu-west-1:us-east-1');
    expect(pinIn({ commitId: pinIdOf(pin), events: [] })).toEqual(pin);
    expect(pinIn({ commitId: pinIdOf(pin), events: [{ type: 'E', schemaVersion: 1, data: {} }] })).toBeUndefined();
  });

  it.each(['pin:', 'pin:0.1.eu', 'pin:odd:us', 'pin:0.eu:us', 'pin:0.1.eu:us:ap', 'other'])(
    'is not a commit with the id %s',
    (commitId) => {
      expect(pinIn({ commitId, events: [] })).toBeUndefined();
    },
  );

  it('is in one order with all others of its stream: by forced moves, number, and Region', () =>
    fc.assert(
      fc.property(fc.array(key, { maxLength: 8 }), (keys) => {
        const sorted = keys.toSorted(comparePinKeys);
        const texts = ({ forced, number, by }: PinKey) => `${forced}.${number}.${by}`;
        expect(sorted.map(texts)).toEqual(keys.map(texts).toSorted());
        const pins = keys.map((each): Pin => ({ key: each, to: 'us' }));
        const newest = pins.reduce<Pin | undefined>(newerPin, undefined);
        expect(comparePinKeys(newest?.key, sorted.at(-1))).toBe(0);
      }),
    ));

  it('is newer than none', () => {
    const first = { forced: 0, number: 1, by: 'eu' };
    expect([comparePinKeys(undefined, first) < 0, comparePinKeys(first, undefined) > 0]).toEqual([true, true]);
    expect(comparePinKeys(undefined, undefined)).toBe(0);
  });
});

describe('a seal of a stream with a pin', () => {
  const seal = { key: { forced: 0, epoch: 3, by: 'eu' }, acting: 'us', pin: { forced: 0, number: 1, by: 'ap' } };

  it('names it', () => {
    expect(sealIdOf(seal)).toBe('seal:0.3.eu:us:0.1.ap');
    expect(sealIn({ commitId: sealIdOf(seal), events: [] })).toEqual(seal);
  });

  it('is none if it names anything else', () => {
    expect(sealIn({ commitId: 'seal:0.3.eu:us:odd', events: [] })).toBeUndefined();
  });
});

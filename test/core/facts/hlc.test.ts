import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextStamp, wallTimeOf } from '../../../core/facts/hlc.ts';

const clocks = fc.integer({ min: 0, max: Date.UTC(2500, 0) });
const counters = fc.oneof(fc.nat(0xffff), fc.constant(0xffff));
const stamps = fc.tuple(clocks, counters).map(([wall, counter]) => hex(wall, 12) + hex(counter, 4));
function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

describe('hybrid logical clock', () => {
  it('returns stamps above the latest stamp and not behind the wall clock, in 16 hex digits', () => {
    fc.assert(
      fc.property(clocks, fc.option(stamps, { nil: undefined }), (now, latest) => {
        const stamp = nextStamp(now, latest);
        expect(stamp).toMatch(/^[0-9a-f]{16}$/);
        expect(stamp > (latest ?? '')).toBe(true);
        expect(wallTimeOf(stamp)).toBeGreaterThanOrEqual(now);
      }),
    );
  });

  it('sorts as text in the order of time, then counter', () => {
    fc.assert(
      fc.property(stamps, stamps, (a, b) => {
        const order = Number.parseInt(a.slice(0, 12), 16) - Number.parseInt(b.slice(0, 12), 16);
        const counters = Number.parseInt(a.slice(12), 16) - Number.parseInt(b.slice(12), 16);
        expect(a < b).toBe(order < 0 || (order === 0 && counters < 0));
      }),
    );
  });

  it('rises however the wall clock jumps', () => {
    fc.assert(
      fc.property(fc.array(clocks, { minLength: 1 }), (readings) => {
        const stamps: string[] = [];
        for (const now of readings) stamps.push(nextStamp(now, stamps.at(-1)));
        expect(stamps).toEqual([...new Set(stamps)].sort());
      }),
    );
  });

  it('is the wall clock with a counter of 0 if the wall clock is ahead', () => {
    expect(nextStamp(0x123)).toBe('0000000001230000');
    expect(nextStamp(0x124, '000000000123ffff')).toBe('0000000001240000');
  });

  it('counts within a millisecond, and when the latest stamp is far ahead of the wall clock', () => {
    expect(nextStamp(0x123, '0000000001230000')).toBe('0000000001230001');
    expect(nextStamp(0x123, '00000ffff1230009')).toBe('00000ffff123000a');
  });

  it('moves to the next millisecond when the counter overflows', () => {
    expect(nextStamp(0x123, '000000000123ffff')).toBe('0000000001240000');
  });

  it('accepts a wall clock with fractions, or below 0', () => {
    expect(nextStamp(1.9)).toBe('0000000000010000');
    expect(nextStamp(-1)).toBe('0000000000000000');
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOrder } from '../../../adapters/store-rules/key-order.ts';
import { lastKeyUpTo } from '../../../adapters/store-rules/keys.ts';
import { isKey } from '../../../core/index.ts';

const char = fc.constantFrom(
  '\u0001',
  'a',
  '\u007f',
  'é',
  '\u07ff',
  '\u0800',
  '\ufffd',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
);

describe('keys', () => {
  test('the keys that sort after a text are exactly those that sort after the last key up to that text', () => {
    const end = fc.string({ unit: char, maxLength: 4 });
    const start = fc.integer({ min: 1_015, max: 1_024 }).map((length) => 'x'.repeat(length));
    fc.assert(
      fc.property(start, end, end, (start, textEnd, keyEnd) => {
        const text = start + textEnd + textEnd + textEnd;
        const key = start + keyEnd;
        fc.pre(isKey(key));
        const last = lastKeyUpTo(text);
        // It only has the length of a key: U+FFFF pads it, so that it is the greatest text of its length.
        expect(Buffer.byteLength(last)).toBeLessThanOrEqual(1_024);
        expect(keyOrder(key, last) > 0).toBe(keyOrder(key, text) > 0);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a text that can be a key is the last key up to itself', () => {
    for (const key of ['a', 'é'.repeat(512), '\u{1f6eb}'.repeat(256)]) expect(lastKeyUpTo(key)).toBe(key);
  });
});

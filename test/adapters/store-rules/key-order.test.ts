import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOrder } from '../../../adapters/store-rules/key-order.ts';

describe('key order', () => {
  test('is the order of UTF-8 bytes, for any two texts', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(keyOrder(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 500 },
    );
  });
});

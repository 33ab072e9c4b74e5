import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEventData, encodeEventData } from '../../../core/facts/event-data-codec.ts';

describe('the data of an event', () => {
  it('is preserved exactly', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (data) => {
        const stored = JSON.parse(JSON.stringify(data));
        expect(decodeEventData(encodeEventData(data))).toStrictEqual(stored);
      }),
    );
  });

  it('may be missing', () => {
    expect(encodeEventData(undefined)).toBeUndefined();
    expect(decodeEventData(undefined)).toBeUndefined();
  });

  it('is not read from invalid JSON', () => {
    expect(() => decodeEventData('{')).toThrow(SyntaxError);
  });
});

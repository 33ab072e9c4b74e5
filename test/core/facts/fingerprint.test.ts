import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../core/facts/fingerprint.ts';

/** A copy whose objects have their keys in order, as far as objects do. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]));
}

const text = { digest: (text: string) => text };

describe('the fingerprint of a request', () => {
  it('is the digest of its JSON with the keys in order, which is stored: it must never change', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        expect(fingerprintOf(text, value)).toBe(JSON.stringify(sorted(value)));
      }),
    );
    expect(fingerprintOf(text, [undefined, { a: undefined }])).toBe('[null,{}]');
    const keys = fc.constantFrom('b', 'a', '10', '9', '01', '-1', '__proto__', '', 'é', '"', '\\', '\u2028', '\u007f');
    fc.assert(
      fc.property(fc.dictionary(keys, fc.oneof(fc.constant(undefined), keys, fc.double({ noNaN: true }))), (value) => {
        expect(fingerprintOf(text, [value])).toBe(JSON.stringify([sorted(value)]));
      }),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceVersion,
  emptyVersion,
  joinVersions,
  sameVersion,
  type VersionVector,
  versionCovers,
  versionDominates,
} from '../../../core/facts/version.ts';
import { MAX_POSITION } from '../../../core/limits/budgets.ts';
import { decodeVersionToken, encodeVersionToken } from '../../../core/wire/version-token.ts';

const logs = fc.constantFrom('us-east-1', 'us-west-2', 'eu', 'eu.restored', 'constructor');
const versions: fc.Arbitrary<VersionVector> = fc.dictionary(logs, fc.nat(5), { noNullPrototype: true });
const positive: fc.Arbitrary<VersionVector> = fc.dictionary(logs, fc.integer({ min: 1, max: MAX_POSITION }), {
  noNullPrototype: true,
});
const dots = fc.record({ log: logs, position: fc.integer({ min: 1, max: 6 }) });
const streams = fc.constantFrom('note/red', 'stock/2001-01-01.red-blue.17', 'a/_~.-');

describe('version', () => {
  it('joins like a semilattice: in any order, grouped in any way, any number of times', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        expect(sameVersion(joinVersions(a, b), joinVersions(b, a))).toBe(true);
        expect(sameVersion(joinVersions(joinVersions(a, b), c), joinVersions(a, joinVersions(b, c)))).toBe(true);
        expect(sameVersion(joinVersions(a, a), a)).toBe(true);
        expect(sameVersion(joinVersions(a, emptyVersion), a)).toBe(true);
      }),
    );
  });

  it('joins to the least version that knows both', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, other) => {
        const joined = joinVersions(a, b);
        expect(versionDominates(joined, a) && versionDominates(joined, b)).toBe(true);
        if (versionDominates(other, a) && versionDominates(other, b))
          expect(versionDominates(other, joined)).toBe(true);
      }),
    );
  });

  it('is a partial order: dominance is transitive, and agrees with joining', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        if (versionDominates(a, b) && versionDominates(b, c)) expect(versionDominates(a, c)).toBe(true);
        expect(versionDominates(a, b)).toBe(sameVersion(joinVersions(a, b), a));
      }),
    );
  });

  it('includes a dot that it is advanced to, and everything before that dot', () => {
    fc.assert(
      fc.property(versions, dots, dots, (version, dot, other) => {
        const advanced = advanceVersion(version, dot);
        expect(versionDominates(advanced, version)).toBe(true);
        const isNew = other.log === dot.log && other.position <= dot.position;
        expect(versionCovers(advanced, other)).toBe(versionCovers(version, other) || isNew);
      }),
    );
  });

  it('treats a missing log as being at 0', () => {
    expect(sameVersion({ us: 0 }, {})).toBe(true);
    expect(versionCovers({}, { log: 'us', position: 1 })).toBe(false);
    expect(versionDominates({ us: 1 }, { us: 1, eu: 1 })).toBe(false);
  });

  it('is not confused by a log named like a property that every object has', () => {
    expect(versionCovers({}, { log: 'constructor', position: 1 })).toBe(false);
    expect(versionDominates({}, { constructor: 1 })).toBe(false);
    expect(joinVersions({}, { constructor: 2 })).toEqual({ constructor: 2 });
  });

  it('does not change the versions that it joins', () => {
    const [a, b] = [Object.freeze({ us: 1 }), Object.freeze({ eu: 1 })];
    expect(joinVersions(a, b)).toEqual({ us: 1, eu: 1 });
    expect(a).toEqual({ us: 1 });
  });
});

describe('version token', () => {
  it('decodes to its version, in characters allowed in URLs and headers', () => {
    fc.assert(
      fc.property(streams, positive, (stream, version) => {
        const token = encodeVersionToken(stream, version);
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeVersionToken(stream, token, 'If-Match')).toEqual(version);
      }),
    );
  });

  it('is refused if it names a position that no log reaches', () => {
    const token = encodeVersionToken('a/b', { us: MAX_POSITION + 1 });
    expect(() => decodeVersionToken('a/b', token, 'after')).toThrow(
      expect.objectContaining({
        code: 'validation',
        message: `after: names position ${MAX_POSITION + 1} of us, which no log reaches`,
      }),
    );
  });

  it('is the same for equal versions, whatever the order of their logs, and whether a log at 0 is listed', () => {
    expect(encodeVersionToken('a/b', { us: 1, eu: 2, ap: 0 })).toBe(encodeVersionToken('a/b', { eu: 2, us: 1 }));
    expect(decodeVersionToken('a/b', encodeVersionToken('a/b', {}), '')).toEqual({});
  });

  it('belongs to one stream', () => {
    const token = encodeVersionToken('note/red', { us: 1 });
    expect(() => decodeVersionToken('note/blue', token, 'basedOn')).toThrow(
      expect.objectContaining({
        code: 'validation',
        message: expect.stringMatching(/^basedOn: .*note\/red.*not.*note\/blue/),
      }),
    );
  });

  const base64 = (text: string): string => btoa(text).replaceAll('=', '');

  it.each([
    ['nothing', ''],
    ['what is not base64', '!'],
    ['base64 of an impossible length', 'a'],
    ['text without a version', base64('a/b')],
    ['a version without a stream', base64('\nus=1')],
    ['position 0', base64('a/b\nus=0')],
    ['a position with a leading 0', base64('a/b\nus=01')],
    ['a negative position', base64('a/b\nus=-1')],
    ['a fraction', base64('a/b\nus=1.5')],
    ['a position beyond the safe integers', base64('a/b\nus=9999999999999999')],
    ['a position of 17 digits', base64('a/b\nus=10000000000000000')],
    ['a log without a position', base64('a/b\nus')],
    ['a position without a log', base64('a/b\n=1')],
    ['a comma at the end', base64('a/b\nus=1,')],
    ['a log named twice', base64('a/b\nus=1,us=2')],
    ['logs in another order', base64('a/b\nus=1,eu=1')],
    ['a log in capitals', base64('a/b\nUS=1')],
    ['an invalid log name', base64('a/b\n__proto__=1')],
    ['a trailing newline', base64('a/b\nus=1\n')],
    ['padding', btoa('a/b\nus=1')],
    ['white space', ` ${base64('a/b\nus=1')}`],
  ])('refuses %s', (_what, token) => {
    expect(() => decodeVersionToken('a/b', token, 'expected')).toThrow(
      expect.objectContaining({
        code: 'validation',
        message: expect.stringMatching(/^expected: .*not a version token/),
      }),
    );
  });

  it('refuses everything except its own output', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'abyu1=,\n-/') }).map((text) => btoa(`a/b\n${text}`).replaceAll('=', '')),
      fc.tuple(versions, fc.nat(), fc.string({ minLength: 1, maxLength: 1 })).map(([version, at, character]) => {
        const token = encodeVersionToken('a/b', version);
        const i = at % token.length;
        return token.slice(0, i) + character + token.slice(i + 1);
      }),
    );
    fc.assert(
      fc.property(texts, (token) => {
        let version: VersionVector;
        try {
          version = decodeVersionToken('a/b', token, '');
        } catch (error) {
          expect(error).toMatchObject({ code: 'validation' });
          return;
        }
        expect(encodeVersionToken('a/b', version)).toBe(token);
      }),
      { numRuns: 1000 },
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carriedCopy, carriedFaults, carriedText, isCarriedText, messageFaults } from '../../../core/facts/carried.ts';

class Money {
  readonly cents = 5;
}

function nested(levels: number): unknown {
  let value: unknown = 'x';
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { a: value };
  return value;
}

function circle(): unknown {
  const value: Record<string, unknown> = { n: 1 };
  value.back = { to: [value] };
  return value;
}

const pathsOf = (value: unknown): readonly string[] => carriedFaults(value, 'data').map(({ path }) => path);

describe('a value that can be carried', () => {
  it.each([
    undefined,
    null,
    true,
    '',
    '\u0000 \u{1f600} \u{10ffff} \ufffd',
    0,
    -1.5,
    Number.MIN_VALUE,
    2 ** 62,
    -(2 ** 63) + 1024,
    [],
    [[null]],
    { a: undefined, toJSON: 1, ['__proto__']: 1, '': 2 },
    JSON.parse('{"__proto__":{"a":1}}'),
    Object.create(null),
    nested(500),
  ])('is %o', (value) => {
    expect(carriedFaults(value, 'data')).toEqual([]);
  });

  it('is read back equal from JSON', () => {
    const anything = fc.anything({
      withMap: true,
      withSet: true,
      withDate: true,
      withBigInt: true,
      withNullPrototype: true,
      withSparseArray: true,
      withUnicodeString: true,
    });
    let carried = 0;
    fc.assert(
      fc.property(anything, (value) => {
        if (value === undefined || carriedFaults(value, 'data').length > 0) return;
        carried++;
        expect(JSON.parse(JSON.stringify(value))).toEqual(value);
      }),
      { numRuns: 2_000 },
    );
    expect(carried).toBeGreaterThan(200);
  });

  it('is all JSON whose numbers and texts are carried', () => {
    const value = fc.jsonValue({ noUnicodeString: true });
    const isPlain = (text: string) => !/-0|e\+|\d{19}/.test(text);
    fc.assert(
      fc.property(value, (value) => {
        fc.pre(isPlain(JSON.stringify(value)) && !JSON.stringify(value).includes('-0'));
        expect(carriedFaults(JSON.parse(JSON.stringify(value)), 'data')).toEqual([]);
      }),
    );
  });
});

describe('a value that cannot be carried', () => {
  it.each([
    [10n, 'is a bigint, which JSON cannot express'],
    [Symbol('s'), 'is a symbol, which JSON cannot express'],
    [() => 1, 'is a function, which JSON cannot express'],
    [new Date(0), 'is a Date, which JSON cannot express'],
    [new Set(), 'is a Set, which JSON cannot express'],
    [new Map(), 'is a Map, which JSON cannot express'],
    [new Money(), 'is a Money, which JSON cannot express'],
    [new (class {})(), 'is a class instance, which JSON cannot express'],
    [new (class Items extends Array {})(), 'is a Items, which JSON cannot express'],
    [Object.create(Object.create({ constructor: 1 })), 'is a class instance, which JSON cannot express'],
    [Number.NaN, 'is NaN, which JSON cannot express'],
    [Number.NEGATIVE_INFINITY, 'is -Infinity, which JSON cannot express'],
    [-0, 'is -0, which JSON reads back as 0'],
    [1e20, 'is 100000000000000000000, but a number must be between -2^63 and 2^63: use text'],
    [-(2 ** 63), 'is -9223372036854776000, but a number must be between -2^63 and 2^63: use text'],
    [Number.MAX_VALUE, 'is 1.7976931348623157e+308, but a number must be between -2^63 and 2^63: use text'],
    ['a\ufffe', 'has U+FFFE, U+FFFF or half of a surrogate pair, which cannot be carried'],
    ['\uffff', 'has U+FFFE, U+FFFF or half of a surrogate pair, which cannot be carried'],
    ['\ud83d', 'has U+FFFE, U+FFFF or half of a surrogate pair, which cannot be carried'],
    ['\ude00\ud83d', 'has U+FFFE, U+FFFF or half of a surrogate pair, which cannot be carried'],
    [{ [Symbol('s')]: 1 }, 'has a symbol as a key, which JSON cannot express'],
    [Object.assign([1], { index: 0 }), 'has properties next to its items, which JSON omits'],
  ])('is %o', (value, message) => {
    expect(carriedFaults(value, 'data')).toEqual([{ path: 'data', message }]);
    expect(carriedFaults({ a: [1, { b: value }] }, 'data')).toEqual([{ path: 'data.a[1].b', message }]);
  });

  it('is an array with undefined or with a hole', () => {
    const message = 'is undefined, which JSON cannot express in an array';
    expect(carriedFaults([1, undefined], 'data')).toEqual([{ path: 'data[1]', message }]);
    expect(carriedFaults(Array(1), 'data')).toEqual([{ path: 'data[0]', message }]);
  });

  it('is reported with every path, in which names can be read', () => {
    expect(pathsOf({ a: 1n, b: { c: [2n] }, '\uffffd': 1, e: -0 })).toEqual([
      'data.a',
      'data.b.c[0]',
      'data.\ufffdd',
      'data.e',
    ]);
    expect(carriedFaults({ '\ud800': 1 }, 'data')[0]?.message).toMatch(/^is a name with U\+FFFE/);
    expect(pathsOf(Array(1_000).fill(-0))).toHaveLength(100);
  });

  it.each([501, 1_100, 100_000])('is nested %s levels deep, which is found by counting', (levels) => {
    const [fault, ...more] = carriedFaults(nested(levels), 'data');
    expect(more).toEqual([]);
    expect(fault).toEqual({
      path: expect.stringMatching(/^data(\.a|\[0\])+$/),
      message: 'is nested too deeply: at most 500 levels are allowed',
    });
  });

  it('is one that contains itself, wherever', () => {
    expect(carriedFaults(circle(), 'data')).toMatchObject([{ message: 'contains itself' }]);
    const twice: unknown[] = [];
    twice.push(twice, twice);
    expect(carriedFaults(twice, 'data').length).toBeLessThanOrEqual(100);
  });
});

it('a message has more levels than what it carries', () => {
  expect(messageFaults(nested(520))).toEqual([]);
  expect(messageFaults(nested(521), 'body')).toMatchObject([{ message: expect.stringContaining('at most 520') }]);
});

describe('a copy that can be carried', () => {
  it.each([
    [{ left: 10n, at: 1 }, { at: 1 }],
    [{ list: [1, 2n, { x: Number.NaN }] }, { list: [1, null, {}] }],
    [
      { at: new Date(0), bad: new Date(Number.NaN) },
      { at: '1970-01-01T00:00:00.000Z', bad: null },
    ],
    [{ of: new Money(), tags: new Set(['a']), run: () => 1, s: Symbol('s') }, {}],
    [
      { big: 1e20, text: 'a\ud800', 'k\uffff': 1 },
      { text: 'a\ufffd', 'k\ufffd': 1 },
    ],
    [
      {
        toJSON: () => {
          throw new Error('This is broken.');
        },
      },
      undefined,
    ],
    [undefined, undefined],
    [5n, undefined],
    ['text', 'text'],
    [circle(), { n: 1, back: { to: [null] } }],
  ])('of %o', (value, copy) => {
    expect(carriedCopy(value)).toEqual(copy);
  });

  it('has no faults, whatever it is a copy of', () => {
    const anything = fc.anything({
      withMap: true,
      withSet: true,
      withDate: true,
      withBigInt: true,
      withSparseArray: true,
    });
    fc.assert(fc.property(anything, (value) => void expect(carriedFaults(carriedCopy(value), '')).toEqual([])));
    expect(carriedFaults(carriedCopy(nested(100_000)), '')).toEqual([]);
  });
});

describe('text', () => {
  it('is carried if UTF-8 and SQS can express it', () => {
    expect(isCarriedText('\u{1f600}\u0000')).toBe(true);
    for (const text of ['\ud83d', '\ufffe', 'a\uffff']) {
      expect(isCarriedText(text)).toBe(false);
      expect(isCarriedText(carriedText(text))).toBe(true);
    }
    expect(carriedText('\ud83d|\ufffe|\uffff|\u{1f600}')).toBe('\ufffd|\ufffd|\ufffd|\u{1f600}');
  });
});

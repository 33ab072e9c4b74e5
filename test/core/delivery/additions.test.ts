import { describe, expect, it } from 'vitest';
import { additionsOf } from '../../../core/index.ts';

const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ key: `row-${i}`, sums: { n: 1 } }));
const fields = (count: number) => ({
  key: 'row',
  sums: Object.fromEntries(Array.from({ length: count }, (_, i) => [`field-${i}`, 1])),
});

/** Rows with as many fields as allowed, whose names are as long as allowed. */
const large = (count: number) =>
  rows(count).map(({ key }) => ({
    key,
    sums: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${i}`.padEnd(1_024, 'x'), 1])),
  }));

function circular(): object {
  const self: { self?: object } = {};
  return Object.assign(self, { self });
}

describe('what a subscriber returns', () => {
  it('is nothing, or a list of additions', () => {
    for (const nothing of [undefined, null]) expect(additionsOf(nothing)).toEqual([]);
    expect(additionsOf([])).toEqual([]);
    const additions = [
      { key: 'red', sums: { count: 1, delay: -19 } },
      { key: 'blue', sums: { half: 0.5, none: 0 } },
    ];
    expect(additionsOf(additions)).toEqual(additions);
  });

  it('is combined by row, even if a field is named `__proto__`', () => {
    const same = { key: 'red', sums: JSON.parse('{"count":1,"__proto__":2}') };
    expect(JSON.stringify(additionsOf([same, { key: 'blue', sums: { count: 4 } }, same]))).toBe(
      '[{"key":"red","sums":{"count":2,"__proto__":4}},{"key":"blue","sums":{"count":4}}]',
    );
    expect(additionsOf([...rows(99), ...rows(99)])).toHaveLength(99);
  });

  it('may have as many bytes as fit into a transaction', () => {
    expect(additionsOf(large(40))).toHaveLength(40);
  });

  it('is written without additions that add nothing', () => {
    expect(additionsOf([{ key: 'red', sums: {} }])).toEqual([]);
  });

  it.each([
    ['no list', { key: 'red', sums: { n: 1 } }, 'found {"key":"red","sums":{"n":1}}'],
    ['an invalid addition', [7], 'found 7 in the list'],
    ['null in the list', [null], 'found null in the list'],
    ['an addition without a key', [{ sums: { n: 1 } }], 'found {"sums":{"n":1}} in the list'],
    ['a key that is not a text', [{ key: 7, sums: { n: 1 } }], 'found {"key":7'],
    ['an addition without sums', [{ key: 'red' }], 'found {"key":"red"} in the list'],
    ['sums that are a number', [{ key: 'red', sums: 1 }], 'found {"key":"red","sums":1}'],
    ['sums that are null', [{ key: 'red', sums: null }], 'found {"key":"red","sums":null}'],
    ['an empty key', [{ key: '', sums: { n: 1 } }], 'the key "" must have 1 to 1024 bytes'],
    ['a key that is too long', [{ key: 'é'.repeat(513), sums: { n: 1 } }], '1 to 1024 bytes'],
    ['a key with half of a surrogate pair', [{ key: '\ud83d', sums: { n: 1 } }], 'the key "\\ud83d" must have 1 to'],
    ['a field with U+FFFF', [{ key: 'red', sums: { '\uffff': 1 } }], 'row red cannot have a field named'],
    ['a field without a name', [{ key: 'red', sums: { '': 1 } }], 'row red cannot have a field named ""'],
    [
      "a field that is named like the table's key",
      [{ key: 'red', sums: { pk: 1 } }],
      'row red cannot have a field named "pk"',
    ],
    ['a sum that is a text', [{ key: 'red', sums: { n: '1' } }], 'red.n is "1", which is not a number'],
    ['a sum that is missing', [{ key: 'red', sums: { n: undefined } }], 'red.n is undefined'],
    ['a sum that is not a number', [{ key: 'red', sums: { n: Number.NaN } }], 'red.n is NaN'],
    ['a sum that is infinite', [{ key: 'red', sums: { n: -1 / 0 } }], 'red.n is -Infinity'],
    ['a sum that is too large', [{ key: 'red', sums: { n: 1e126 } }], 'red.n is 1e+126'],
    ['a sum that is too close to 0', [{ key: 'red', sums: { n: 1e-131 } }], 'red.n is 1e-131'],
    ['a bigint', 5n, 'found a value of type bigint that is not JSON'],
    ['a list with a symbol', [Symbol('red')], 'found symbol in the list'],
    ['a sum that is a bigint', [{ key: 'red', sums: { n: 5n } }], 'red.n is a value of type bigint'],
    ['a sum that is a symbol', [{ key: 'red', sums: { n: Symbol('red') } }], 'red.n is symbol'],
    ['a sum that contains itself', [{ key: 'red', sums: { n: circular() } }], 'red.n is a value of type object'],
    [
      'more bytes than a transaction has',
      large(99),
      'it has 10189665 bytes as JSON, but an event may add at most 4194304',
    ],
    ['more than 99 rows', rows(100), 'it adds to 100 rows, but an event may add to at most 99'],
    [
      'more than 100 fields of a row',
      [fields(101)],
      'it adds to 101 fields of row row, but an event may add to at most 100',
    ],
  ])('is refused if it is %s, with the fault and an example of a valid list', (_what, returned, why) => {
    expect(() => additionsOf(returned)).toThrow(why);
    expect(() => additionsOf(returned)).toThrow("Return [{ key: 'a-row', sums: { field: 1 } }], or nothing.");
  });
});

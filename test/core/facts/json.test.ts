import { describe, expect, it } from 'vitest';
import { countWithin, nestedJsonBytes } from '../../../core/facts/json.ts';

describe('the size of a value in the JSON that carries it', () => {
  it('counts each quote and backslash twice, and other characters in UTF-8', () => {
    expect(nestedJsonBytes('"')).toBe(10);
    expect(nestedJsonBytes('é')).toBe(8);
    expect(nestedJsonBytes(undefined)).toBe(2);
  });
});

describe('the values that fit into a page', () => {
  it('are as many as fit together, and at least one', () => {
    const values = ['aa', 'bb', 'cc'];
    const [size] = values.map(nestedJsonBytes);
    const one = (size ?? 0) + 1;
    expect([3 * one, 3 * one - 1, one, one - 1, 0].map((bytes) => countWithin(values, bytes))).toEqual([3, 2, 1, 1, 1]);
    expect(countWithin([], 0)).toBe(0);
  });
});

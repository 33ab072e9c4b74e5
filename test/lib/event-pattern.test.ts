import { describe, expect, it } from 'vitest';
import { matches } from './event-pattern.ts';

describe('the matcher of event patterns', () => {
  it.each([
    [{ source: ['a', 'b'] }, { source: 'b' }, true],
    [{ source: ['a'] }, { source: 'c' }, false],
    [{ source: [{ prefix: 'm.' }] }, { source: 'm.x' }, true],
    [{ source: [{ prefix: 'm.' }] }, { source: 'mx' }, false],
    [{ source: [{ 'anything-but': ['a'] }] }, { source: 'b' }, true],
    [{ source: [{ 'anything-but': ['a'] }] }, { source: 'a' }, false],
    [{ source: [{ 'anything-but': { prefix: 'm.' } }] }, { source: 'm.x' }, false],
    [{ detail: { meta: { region: [{ 'anything-but': ['a'] }] } } }, { detail: {} }, false],
    [{ source: [{ exists: true }] }, { source: 'b' }, true],
    [{ source: [{ exists: true }] }, {}, false],
    [{ source: ['a'], type: ['b'] }, { source: 'a', type: 'c' }, false],
  ])('returns for the pattern %j and the event %j: %s', (pattern, event, expected) => {
    expect(matches(pattern, event)).toBe(expected);
  });

  it('refuses an unknown operator', () => {
    expect(() => matches({ source: [{ suffix: 'x' }] }, { source: 'x' })).toThrow('suffix');
  });
});

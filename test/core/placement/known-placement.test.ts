import { describe, expect, it } from 'vitest';
import { memoryPlacement } from '../../../adapters/memory/placement.ts';
import { KNOWN_PINS } from '../../../core/limits/budgets.ts';
import { KnownPlacement } from '../../../core/placement/known-placement.ts';
import { fakeRuntime } from '../../runtime.ts';

function pin(number: number) {
  return { key: { forced: 0, number, by: 'eu' }, to: 'us', log: 'eu', position: number };
}

describe('the pins that a process remembers', () => {
  it('are the newest ones of the streams that it met last', () => {
    const known = new KnownPlacement(memoryPlacement(), fakeRuntime());
    for (let i = 0; i < KNOWN_PINS; i++) expect(known.adoptPin(`account/${i}`, pin(2))).toBe(true);
    expect(known.adoptPin('account/0', pin(1))).toBe(false);
    expect(known.adoptPin('account/new', pin(1))).toBe(true);
    expect(known.pinOf('account/0')).toEqual(pin(2));
    expect(known.pinOf('account/1')).toBeUndefined();
    known.forgetPin('account/0');
    expect(known.pinOf('account/0')).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { boundedCounter, checkRights, rightsOf } from '../../../core/rules/index.ts';

const rule = boundedCounter(10);
const writer = { saw: () => true, unseen: [] };
const by = (log: string) => `tickets/a@${log}.1.0`;

describe('a bounded counter', () => {
  it('starts at its bound, with nothing that a log may take', () => {
    expect(rule.initial).toEqual({ value: 10, rights: {} });
    expect(rightsOf(rule.initial, 'us')).toBe(0);
    expect(rightsOf(rule.initial, 'constructor')).toBe(0);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('has no change by %d', (amount) => {
    expect(() => rule.apply(rule.initial, { by: by('us'), change: { use: amount } }, writer)).toThrow(
      `An amount is a whole number from 0, not ${amount}`,
    );
  });

  it.each([0.5, 2 ** 53, Number.NaN])('has no bound of %d', (bound) => {
    expect(() => boundedCounter(bound)).toThrow(`A bound is a whole number below 2^53, not ${bound}.`);
  });

  it('takes no amount that would make the stream unreadable', () => {
    const writer = { log: 'us', logs: { us: 'us' } };
    for (const amount of [-1, 0.5])
      expect(() => checkRights(rule.initial, amount, { id: 'a', now: 0, writer })).toThrow(
        'An amount is a whole number',
      );
  });

  it('has no other change', () => {
    const change = { take: 1 } as never;
    expect(() => rule.apply(rule.initial, { by: by('us'), change }, writer)).toThrow(
      'A change has one of grant, use, move, reclaim, not take.',
    );
  });

  it('counts by the log that an event is written to, also one named like a member of every object', () => {
    const granted = rule.apply(rule.initial, { by: by('__proto__'), change: { grant: 2 } }, writer);
    expect(rightsOf(granted, '__proto__')).toBe(2);
    const moved = rule.apply(granted, { by: by('__proto__'), change: { move: 2, to: 'us' } }, writer);
    expect([moved.value, rightsOf(moved, 'us'), rightsOf(moved, '__proto__')]).toEqual([12, 2, 0]);
  });
});

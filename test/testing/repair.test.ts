import { AssertionError } from 'node:assert';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../testing/index.ts';
import { prize } from '../../testing/toy.ts';

const claim = (by: string) => ({ type: 'Claimed', data: { by } }) as const;
const refund = (id: string) => ({ type: 'Refunded', data: { claim: id } }) as const;

describe('what repairs conflicts', () => {
  it('is given the conflicts that wait, and shows what it adds', () => {
    const both = given(prize).concurrently([claim('ann')], [claim('ben')]);
    expect(both.conflicts).toEqual([{ about: ['state'], open: true }]);
    expect(both.repair).toEqual([refund('2')]);
    const after = both.repaired();
    expect(after.conflicts).toEqual([{ about: ['state'], open: false }]);
    expect(after.repair).toEqual([]);
    expect(after.state.refunds).toEqual(['2']);
    expect(after.repaired().state).toEqual(after.state);
    expect(after.and(refund('other')).repair).toEqual([]);
  });

  it('must add nothing to its own result', () => {
    const forgetful = { ...prize, reconcile: () => [refund('2')] };
    const both = given(forgetful).concurrently([claim('ann')], [claim('ben')]);
    expect(() => both.repaired()).toThrow(AssertionError);
    expect(() => both.repaired()).toThrow('reconcile of prize adds Refunded to its own result');
  });

  it('holds to that whatever is claimed at the same time', () => {
    const people = fc.array(fc.constantFrom('ann', 'ben', 'cid'), { maxLength: 5 });
    fc.assert(
      fc.property(people, (claimed) => {
        const branches = claimed.map((by) => [claim(by)]);
        const { state } = given(prize)
          .concurrently(...branches)
          .repaired();
        expect(state.refunds).toEqual(state.claims.slice(1).map(({ id }) => id));
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { workload } from '../../simulator/domain.ts';
import { account, note } from '../../testing/toy.ts';
import { defineUse, defineWorkload, typesOf, useOf } from '../../workload/workload.ts';

const { uses } = workload;

describe('a workload', () => {
  it('says for the checkers what its types are', () => {
    expect(typesOf(workload)).toMatchObject({
      note: { mode: 'merge', kind: 'entries' },
      account: { mode: 'home', kind: 'balance' },
      seats: { mode: 'home', kind: 'seats', capacity: 3 },
    });
    expect(typesOf(workload).note).not.toHaveProperty('capacity');
  });

  it('finds the use of a stream', () => {
    expect(useOf(workload, 'account/us-east-1.ann')).toBe(uses.account);
    expect(() => useOf(workload, 'other/1')).toThrow('No workload has streams of type other.');
    expect(() => useOf(workload, 'constructor/1')).toThrow('No workload has streams of type constructor.');
  });

  it('is refused with a use under another name than its type', () => {
    expect(() => defineWorkload({ uses: { notes: uses.note } })).toThrow(
      'The workload has the use of note under the name notes.',
    );
  });

  it('is refused with a view of a type that it has no use of', () => {
    const views = { balances: { of: 'account', shows: 'rows' } } as const;
    expect(() => defineWorkload({ uses: { note: uses.note }, views })).toThrow(
      'The workload has view balances of account, but no use of account.',
    );
  });
});

describe('the use of a type', () => {
  it('makes commands of effects, and effects of events', () => {
    expect(uses.account.command({ do: 'add', amount: -3 }, 'x')).toEqual({ command: 'withdraw', input: { amount: 3 } });
    expect(uses.account.effect({ type: 'Withdrawn', data: { amount: 3 } })).toEqual({ do: 'add', amount: -3 });
  });

  it('refuses effects that its kind does not have, and events that its type does not have', () => {
    expect(() => uses.account.command({ do: 'note', text: 'red' }, 'x')).toThrow(
      'account is a balance: there is no note.',
    );
    expect(() => uses.account.effect({ type: 'Noted', data: {} })).toThrow('account has no event Noted.');
  });

  it('makes ids of a key, which begin with the home of a `home` stream', () => {
    expect([uses.note.id('7', 'us-east-1'), uses.account.id('7', 'us-east-1')]).toEqual(['7', 'us-east-1.7']);
    expect(uses.note.home('7', ['us-east-1'])).toBeUndefined();
    expect(uses.account.home('us-east-1.7', ['us-east-1'])).toBe('us-east-1');
  });

  it('shows a state in the form of its kind', () => {
    const lengths = defineUse(note, {
      kind: 'counter',
      command: ({ amount }) => ({ command: 'note', input: { text: 'x'.repeat(amount) } }),
      effect: ({ data: { text } }) => ({ do: 'add', amount: text.length }),
      state: (entries) => entries.reduce((sum, { text }) => sum + text.length, 0),
    });
    expect(lengths.state([{ id: 'a', commitId: 'a', text: 'xxx', unseen: [] }])).toBe(3);
    expect(uses.note.state('as it is')).toBe('as it is');
  });

  it('takes the commands and the effects of its type and kind only', () => {
    defineUse(account, {
      kind: 'balance',
      // @ts-expect-error an account has no such command
      command: () => ({ command: 'spend', input: { amount: 1 } }),
      // @ts-expect-error a balance has no such effect
      effect: () => ({ do: 'note', text: 'red' }),
    });
  });
});

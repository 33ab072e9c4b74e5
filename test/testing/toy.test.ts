import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../core/index.ts';
import { sampleFaults } from '../../schemas/samples.ts';
import { given, nothing, rejected } from '../../testing/index.ts';
import { account, money, note, notes, STOCK, stock, taken, toyDomain, words } from '../../testing/toy.ts';

const REGIONS = ['us', 'eu'];

function noted(text: string) {
  return { type: 'Noted', data: { text } } as const;
}
function deposited(amount: number) {
  return { type: 'Deposited', data: { amount } } as const;
}

describe('a note', () => {
  it('shows the ids of its events, and which events each writer had not seen', () => {
    const { state } = given(note, noted('a')).concurrently([noted('b')], [noted('c')]);
    const [a, b, c] = state;
    expect(state.map(({ text, commitId }) => [text, commitId])).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
    expect([a?.unseen, b?.unseen, c?.unseen]).toEqual([[], [], [b?.id]]);
  });

  it('notes a text always, only once, or only after another', () => {
    const written = given(note, noted('a'));
    written.when('note', { text: 'a' }).then(noted('a'));
    written.when('once', { text: 'a' }).then(nothing);
    written.when('once', { text: 'b' }).then(noted('b'));
    written.when('after', { text: 'b', after: 'a' }).then(noted('b'));
    written.when('after', { text: 'b', after: 'c' }).then(rejected('', { after: 'c' }));
  });

  it('has a row and totals once it has an entry', () => {
    given(note).hasRow(notes, undefined).hasTotals(words, {});
    const written = given(note, noted('a'), noted('b'), noted('a'));
    written.hasRow(notes, written.state).hasTotals(words, { a: { count: 2 }, b: { count: 1 } });
  });
});

describe('an account', () => {
  it('never pays more than its balance', () => {
    const rich = given(account, deposited(5));
    rich.when('deposit', { amount: 1 }).then(deposited(1));
    rich.when('withdraw', { amount: 5 }).then({ type: 'Withdrawn', data: { amount: 5 } });
    rich.when('withdraw', { amount: 6 }).then(rejected('', { balance: 5 }));
    rich.when('withdraw', { amount: 0 }).then(nothing);
    rich.and({ type: 'Withdrawn', data: { amount: 2 } }).hasState(3);
  });

  it('takes a deposit in its first version', () => {
    given(account, { type: 'Deposited', schemaVersion: 1, data: { sum: 7 } }).hasState(7);
  });

  it('is at home in the Region that its id begins with, and counts towards the total of that Region', () => {
    expect(account.home('eu.ann', REGIONS)).toBe('eu');
    expect(() => account.home('ann', REGIONS)).toThrow(MeridianError);
    given(account, deposited(5)).hasTotals(money, { eu: { balance: 5 } }, 'eu.ann');
  });
});

describe('a stock', () => {
  const takers = Array.from({ length: STOCK }, (_, i) => ({ type: 'Taken' as const, data: { by: `${i}` } }));

  it('never gives more than it holds', () => {
    given(stock, ...takers.slice(1))
      .when('take', 'me')
      .then({ type: 'Taken', data: { by: 'me' } });
    given(stock, ...takers)
      .when('take', 'me')
      .then(rejected('', { stock: STOCK }));
    given(stock, ...takers.slice(0, 1), ...takers)
      .and({ type: 'Released', data: { by: '0' } })
      .hasState(['0', '1', '2', '3', '4']);
    given(stock, ...takers)
      .when('release', '0')
      .then({ type: 'Released', data: { by: '0' } });
    given(stock, ...takers)
      .when('release', 'me')
      .then(nothing);
    given(stock, ...takers).hasTotals(taken, { 0: { taken: STOCK } }, '0');
  });

  it('is at home in the Region with the number in its id', () => {
    expect(['0', '1', '2'].map((id) => stock.home(id, REGIONS))).toEqual(['us', 'eu', 'us']);
    expect(() => stock.home('none', REGIONS)).toThrow(MeridianError);
  });
});

describe('the toy domain', () => {
  it('has a sample of every version of every event', () => {
    expect(sampleFaults(toyDomain)).toEqual([]);
  });
});

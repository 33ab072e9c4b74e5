import { given, nothing } from '@meridian-es/meridian/testing';
import { describe, expect, it } from 'vitest';
import { articlesIn, cart } from '../../streams/cart.ts';

const added = (article: string, count = 1) => ({ type: 'Added' as const, data: { article, count } });

/** A cart with six apples and a melon, and its lines. */
const filled = given(cart, added('apples', 6), added('melon'));
const lines = Object.keys(filled.state.lines);
const [apples = '', melon = ''] = lines;

describe('a cart', () => {
  it('sums up the added pieces', () => {
    given(cart).when('add', { article: 'apples', count: 6 }).then(added('apples', 6));
    expect(articlesIn(filled.and(added('apples', 2)).state)).toEqual({ apples: 8, melon: 1 });
  });

  it('has exactly as many of an article as it is set to', () => {
    filled
      .when('set', { article: 'apples', count: 4 })
      .then(added('apples', 4), { type: 'Removed', data: { lines: [apples] } });
    filled.when('set', { article: 'melon', count: 0 }).then({ type: 'Removed', data: { lines: [melon] } });
    filled.when('set', { article: 'pears', count: 1 }).then(added('pears'));
    filled.when('set', { article: 'apples', count: 6 }).then(nothing);
  });

  it('accepts an article that is named like a member of every object', () => {
    const state = filled.and(added('constructor', 2)).state;
    expect(articlesIn(state)).toEqual({ apples: 6, melon: 1, constructor: 2 });
    given(cart, added('constructor', 2)).when('set', { article: 'constructor', count: 2 }).then(nothing);
  });

  it('keeps what two devices add at the same moment, in either order', () => {
    const [phone, laptop] = [[added('pears')], [added('pears', 2), added('bread')]];
    for (const branches of [
      [phone, laptop],
      [laptop, phone],
    ])
      expect(articlesIn(filled.concurrently(...branches).state)).toEqual({ apples: 6, melon: 1, pears: 3, bread: 1 });
  });

  it('keeps what is added while another device removes the same article, in either order', () => {
    const [removal, addition] = [[{ type: 'Removed' as const, data: { lines: [apples] } }], [added('apples', 2)]];
    for (const branches of [
      [removal, addition],
      [addition, removal],
    ])
      expect(articlesIn(filled.concurrently(...branches).state)).toEqual({ apples: 2, melon: 1 });
  });

  it('loses the ordered lines, and no line that was added in the meantime, in either order', () => {
    const order = 'boardman.ada.1';
    const [ordering, addition] = [[{ type: 'Ordered' as const, data: { order, lines } }], [added('bread')]];
    for (const branches of [
      [ordering, addition],
      [addition, ordering],
    ]) {
      const { state } = filled.concurrently(...branches);
      expect([articlesIn(state), state.orders]).toEqual([{ bread: 1 }, [order]]);
    }
  });

  it('loses a line that was ordered or removed through a Region that had not seen the line and whose clock is behind', () => {
    const [, line = ''] = Object.keys(given(cart).concurrently([added('bread')], [added('apples')]).state.lines);
    const ordering = { type: 'Ordered' as const, data: { order: 'boardman.ada.1', lines: [line] } };
    const removal = { type: 'Removed' as const, data: { lines: [line] } };
    for (const [first, orders] of [
      [ordering, ['boardman.ada.1']],
      [removal, []],
    ] as const)
      expect(given(cart).concurrently([first], [added('apples')]).state).toEqual({ lines: {}, orders });
  });

  it('counts an order once, however often it is reported', () => {
    const ordered = { type: 'Ordered' as const, data: { order: 'boardman.ada.1', lines } };
    filled.when('mark-ordered', ordered.data).then(ordered);
    filled.and(ordered).when('mark-ordered', ordered.data).then(nothing);
    expect(filled.concurrently([ordered], [ordered]).state.orders).toEqual(['boardman.ada.1']);
  });

  it('refuses an invalid article name and an invalid count', () => {
    for (const input of [
      { article: 'Green Apples', count: 1 },
      { article: 'apples', count: 0 },
    ])
      expect(() => given(cart).when('add', input)).toThrow(expect.objectContaining({ code: 'validation' }));
  });
});

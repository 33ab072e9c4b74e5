import { given, rejected } from '@meridian-es/meridian/testing';
import { describe, expect, it } from 'vitest';
import { articlesIn, cart } from '../../streams/cart.ts';
import { type Checkout, checkout, nextOrder } from '../../streams/checkout.ts';
import { order } from '../../streams/order.ts';
import { stock } from '../../streams/stock.ts';
import { wallet } from '../../streams/wallet.ts';

const added = (article: string, count: number) => ({ type: 'Added' as const, data: { article, count } });
const additions = [added('apples', 4), added('melon', 1), added('apples', 2)];
const many = Array.from({ length: 21 }, (_, i) => added(`article-${i}`, 1));
const filled = given(cart, ...additions).state;
const asked: Checkout = {
  cart: 'boardman.ada',
  content: filled,
  warehouse: 'columbus',
  customer: 'boardman.ada',
  prices: { apples: 30, melon: 250 },
};

describe('a checkout', () => {
  it('takes every article once, spends what they cost together, and places the order', () => {
    const order = nextOrder(asked);
    const { transaction } = checkout(asked);
    expect(order).toBe('boardman.ada.1');
    expect(transaction).toEqual({
      id: 'us-east-2:checkout-boardman.ada.1-from-columbus-1',
      participants: [
        {
          stream: 'order/boardman.ada.1',
          command: 'place',
          input: {
            customer: 'boardman.ada',
            lines: [
              { article: 'apples', count: 6, cents: 30 },
              { article: 'melon', count: 1, cents: 250 },
            ],
            warehouse: 'columbus',
            cartLines: Object.keys(filled.lines),
          },
        },
        { stream: 'wallet/boardman.ada', command: 'spend', input: { cents: 430, order } },
        { stream: 'stock/columbus.apples', command: 'take', input: { count: 6, cents: 30 } },
        { stream: 'stock/columbus.melon', command: 'take', input: { count: 1, cents: 250 } },
      ],
    });
  });

  it('is decided by the streams', () => {
    const [place, spend, take] = checkout(asked).transaction.participants;
    expect(given(order).when(place.command, place.input).events).toHaveLength(1);
    given(wallet).when(spend.command, spend.input).then(rejected('costs 430'));
    if (take) given(stock).when(take.command, take.input).then(rejected('nothing yet'));
    expect(take).toBeDefined();
  });

  it('marks exactly the lines that were ordered', () => {
    const { ordered } = checkout(asked);
    expect(ordered).toEqual({ order: 'boardman.ada.1', lines: Object.keys(filled.lines) });
    const after = given(cart, ...additions).and({ type: 'Ordered', data: ordered });
    expect(articlesIn(after.state)).toEqual({});
  });

  it('makes one order for two devices that check out at the same moment, and another order afterwards', () => {
    const later = { ...filled, orders: ['boardman.ada.1'] };
    expect(checkout(asked)).toEqual(checkout({ ...asked }));
    expect(nextOrder({ ...asked, content: later })).toBe('boardman.ada.2');
  });

  it('is another transaction for the same order when it is attempted again', () => {
    const again = checkout({ ...asked, attempt: 2 });
    expect(again.transaction.id).toBe('us-east-2:checkout-boardman.ada.1-from-columbus-2');
    expect(again.transaction.participants).toEqual(checkout(asked).transaction.participants);
  });

  it.each<[string, Partial<Checkout>, string]>([
    ['of an empty cart', { content: cart.initial }, 'is empty'],
    ['of an article without a price', { prices: { apples: 30 } }, 'no price of melon'],
    ['at a warehouse that does not exist', { warehouse: 'mars' }, 'no warehouse mars'],
    ['of more articles than one transaction can have', { content: given(cart, ...many).state }, 'at most 20'],
  ])('%s is refused', (_what, differently, why) => {
    expect(() => checkout({ ...asked, ...differently })).toThrow(
      expect.objectContaining({ code: 'rejected', message: expect.stringContaining(why) }),
    );
  });
});

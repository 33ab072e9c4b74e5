import { given, nothing, rejected } from '@meridian-es/meridian/testing';
import { describe, expect, it } from 'vitest';
import { forSale, stock } from '../../streams/stock.ts';

const received = (count: number) => ({ type: 'Received' as const, data: { count } });
const priced = (cents: number) => ({ type: 'PriceSet' as const, data: { cents } });
const shelf = given(stock, received(10), priced(30));
const id = 'columbus.apples';

describe('a stock', () => {
  it('sells pieces until none is left', () => {
    shelf.when('take', { count: 6, cents: 30 }).then({ type: 'Taken', data: { count: 6 } });
    shelf
      .and({ type: 'Taken', data: { count: 6 } })
      .when('take', { count: 5, cents: 30 }, { id })
      .then(rejected('Only 4 of columbus.apples are left', { article: id, left: 4 }));
  });

  it('sells at the price that the customer has seen, or not at all', () => {
    shelf.when('take', { count: 1, cents: 29 }, { id }).then(rejected('costs 30, not 29', { article: id, cents: 30 }));
    given(stock, received(1)).when('take', { count: 1, cents: 30 }, { id }).then(rejected('nothing yet'));
  });

  it('changes its price, and records an event only if the price differs', () => {
    shelf.when('set-price', { cents: 35 }).then(priced(35));
    shelf.when('set-price', { cents: 30 }).then(nothing);
  });

  it('is for sale once it has a price and while there is something left', () => {
    shelf.hasRow(forSale, { count: 10, cents: 30 });
    given(stock, received(10)).hasRow(forSale, undefined);
    shelf.and({ type: 'Taken', data: { count: 10 } }).hasRow(forSale, undefined);
  });

  it("is at home in its warehouse's Region, and is refused if no deployed Region has its warehouse", () => {
    const regions = ['us-east-1', 'us-east-2'];
    expect(stock.home(id, regions)).toBe('us-east-2');
    for (const other of ['boardman.apples', 'mars.apples', 'apples'])
      expect(() => stock.home(other, regions)).toThrow(expect.objectContaining({ code: 'rejected' }));
  });
});

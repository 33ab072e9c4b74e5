import { given, nothing, rejected } from '@meridian-es/meridian/testing';
import { describe, it } from 'vitest';
import { order } from '../../streams/order.ts';
import { ordersPerDay } from '../../streams/orders-per-day.ts';

const placement = {
  customer: 'boardman.ada',
  lines: [
    { article: 'apples', count: 6, cents: 30 },
    { article: 'melon', count: 1, cents: 250 },
  ],
  warehouse: 'columbus',
  cartLines: ['4711.0', '4712.0'],
};
const now = Date.UTC(2026, 0, 1, 23, 59);
const placed = { type: 'Placed' as const, data: { ...placement, at: '2026-01-01T23:59:00.000Z' } };
const shipped = { type: 'Shipped' as const, data: {} };
const id = 'boardman.ada.1';

describe('an order', () => {
  it('is placed once', () => {
    given(order).when('place', placement, { now }).then(placed);
    given(order, placed)
      .when('place', placement, { id, now })
      .then(rejected('Order boardman.ada.1 was placed already', { order: id }));
  });

  it('is shipped once, after it was placed', () => {
    given(order, placed).when('ship', {}).then(shipped);
    given(order, placed, shipped).when('ship', {}).then(nothing);
    given(order)
      .when('ship', {}, { id })
      .then(rejected('There is no order', { order: id }));
  });

  it('counts towards the day on which it was placed, with its total', () => {
    given(order).hasTotals(ordersPerDay, {});
    given(order, placed, shipped).hasTotals(ordersPerDay, { '2026-01-01': { orders: 1, cents: 430 } });
  });
});

import { defineView } from '@meridian-es/meridian';
import { order, totalOf } from './order.ts';

/** How many orders were placed on each day in UTC, `2026-01-01`, and their total in cents. */
export const ordersPerDay = defineView({
  name: 'orders-per-day',
  kind: 'totals',
  of: order,
  totals: ({ placed }) => (placed ? { [placed.at.slice(0, 10)]: { orders: 1, cents: totalOf(placed.lines) } } : {}),
});

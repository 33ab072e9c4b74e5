import { defineView } from '@meridian-es/meridian';
import { articleOf, stock } from './stock.ts';

/** The number of pieces of each article, in all warehouses together. */
export const inStock = defineView({
  name: 'in-stock',
  of: stock,
  kind: 'totals',
  totals: (left, id) => ({ [articleOf(id)]: { left } }),
});

import { defineDomain } from '@meridian-es/meridian';
import { cart } from './cart.ts';
import { inStock } from './in-stock.ts';
import { stock } from './stock.ts';

export const domain = defineDomain({ streams: [cart, stock], views: [inStock] });

import { defineDomain } from '@meridian-es/meridian';
import { cart } from './cart.ts';
import { order } from './order.ts';
import { ordersPerDay } from './orders-per-day.ts';
import { forSale, stock } from './stock.ts';
import { wallet } from './wallet.ts';

/** A grocery: carts in which no device's change is lost, and checkouts that never sell a piece or spend a cent twice. */
export const domain = defineDomain({ streams: [cart, stock, wallet, order], views: [forSale, ordersPerDay] });

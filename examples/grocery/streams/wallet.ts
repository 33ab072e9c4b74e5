import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';
import { homeAtWarehouse } from './warehouses.ts';

const centsSchema = z.int().min(1).max(100_000_000);
const depositSchema = z.strictObject({ cents: centsSchema });
const paymentSchema = z.strictObject({ cents: centsSchema, order: z.string().min(1).max(200) });

/** The cents that a customer can spend. */
export interface Wallet {
  readonly cents: number;
}

const empty: Wallet = { cents: 0 };

/**
 * A customer's money, `boardman.ada`, at home in the Region of the warehouse nearest to the customer. No cent is spent
 * twice.
 */
export const wallet = defineStream({
  type: 'wallet',
  mode: 'home',
  home: homeAtWarehouse,
  events: {
    PaidIn: { schemaVersion: 1, schema: depositSchema, sample: { cents: 5000 } },
    Spent: { schemaVersion: 1, schema: paymentSchema, sample: { cents: 180, order: 'boardman.ada.1' } },
  },
  initial: empty,
  snapshots: { every: 200, codeVersion: 1 },
  evolve({ cents }, { type, data }) {
    switch (type) {
      case 'PaidIn':
        return { cents: cents + data.cents };
      case 'Spent':
        return { cents: cents - data.cents };
    }
  },
  commands: {
    'pay-in': { input: depositSchema, decide: (_wallet, data) => [{ type: 'PaidIn', data }] },
    spend: {
      input: paymentSchema,
      decide({ cents }, payment, { id }) {
        if (payment.cents > cents)
          throw reject(`${id} has ${cents} cents, and ${payment.order} costs ${payment.cents}.`, { wallet: id, cents });
        return [{ type: 'Spent', data: payment }];
      },
    },
  },
});

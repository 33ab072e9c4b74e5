import * as z from 'zod';
import { defineDomain, defineStream, reject } from '../../core/index.ts';

const amountSchema = z.strictObject({ amount: z.int().positive() });

/** Money in accounts: `account/<Region>.<name>` is at home in that Region. */
const account = defineStream({
  type: 'account',
  mode: 'home',
  home(id, regions) {
    const home = regions.find((region) => id.startsWith(`${region}.`));
    if (!home) throw reject(`${id} begins with no Region.`);
    return home;
  },
  events: {
    Deposited: { schemaVersion: 1, schema: amountSchema },
    Withdrawn: { schemaVersion: 1, schema: amountSchema },
  },
  initial: 0,
  evolve: (balance, { type, data }) => balance + (type === 'Deposited' ? data.amount : -data.amount),
  commands: {
    deposit: { input: amountSchema, decide: (_balance, data) => [{ type: 'Deposited', data }] },
    withdraw: {
      input: amountSchema,
      decide(balance, data, { id }) {
        if (balance < data.amount) throw reject(`${id} has ${balance} only.`);
        return [{ type: 'Withdrawn', data }];
      },
    },
  },
});

export const accounts = defineDomain({ streams: [account], views: [] });

import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';
import { nearestRegion } from './regions.ts';

const amountSchema = z.int().min(1).max(1_000_000);
const earningSchema = z.strictObject({ miles: amountSchema });
const paymentSchema = z.strictObject({
  miles: amountSchema,
  /** The booking that is paid for; each is paid once. */
  booking: z.string().min(1).max(100),
});

/** The miles of a member. */
export interface Miles {
  readonly balance: number;
  /** The miles paid, by booking. */
  readonly paid: Readonly<Record<string, number>>;
}

const none: Miles = { balance: 0, paid: {} };

/**
 * The miles of a member of the frequent flyer program. No mile may be spent twice, so one Region decides: the Region
 * nearest to the airport that the member flies from. The id begins with that airport: `LAX.ada`.
 */
export const miles = defineStream({
  type: 'miles',
  mode: 'home',
  home: (id, regions) => nearestRegion(airportOf(id), regions),
  events: {
    MilesEarned: { schemaVersion: 1, schema: earningSchema, sample: { miles: 5000 } },
    MilesPaid: { schemaVersion: 1, schema: paymentSchema, sample: { miles: 1800, booking: '2001-01-01.LAX-BNA.17' } },
  },
  initial: none,
  snapshots: { every: 200, codeVersion: 1 },
  evolve({ balance, paid }, { type, data }) {
    switch (type) {
      case 'MilesEarned':
        return { balance: balance + data.miles, paid };
      case 'MilesPaid':
        return { balance: balance - data.miles, paid: { ...paid, [data.booking]: data.miles } };
    }
  },
  commands: {
    earn: {
      input: earningSchema,
      decide: (_state, data) => [{ type: 'MilesEarned', data }],
    },
    pay: {
      input: paymentSchema,
      decide({ balance, paid }, { miles, booking }, { id }) {
        const before = Object.hasOwn(paid, booking) ? paid[booking] : undefined;
        if (before === miles) return [];
        if (before !== undefined)
          throw reject(`${id} has paid ${before} miles for ${booking} already.`, { member: id, booking, paid: before });
        if (miles > balance)
          throw reject(`${id} has ${balance} miles, and ${booking} costs ${miles}.`, { member: id, balance, miles });
        return [{ type: 'MilesPaid', data: { miles, booking } }];
      },
    },
  },
});

const MEMBER_ID = /^(?<airport>[A-Z0-9]{3,4})\.[A-Za-z0-9._~-]+$/;

/** The airport that a member flies from. @throws MeridianError `rejected` when `id` is not a member's */
export function airportOf(id: string): string {
  const airport = MEMBER_ID.exec(id)?.groups?.airport;
  if (airport === undefined)
    throw reject(`${id} is not a member's id: write <airport>.<name>, with the airport to fly from, such as LAX.ada.`);
  return airport;
}

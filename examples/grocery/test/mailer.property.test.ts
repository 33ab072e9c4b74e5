import { silentTelemetry } from '@meridian-es/meridian/world';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subscribers } from '../subscribers/index.ts';
import { type Mail, mailer } from '../subscribers/mailer.ts';
import { aGrocery, REGIONS } from './a-grocery.ts';

/** What the mail service does with each request in turn: accepts it, or fails before or after accepting it. */
const outcome = fc.constantFrom('takes' as const, 'refuses' as const, 'takes and fails' as const);

/** A mail service that sends one mail per key. */
function aMailService(outcomes: readonly ('takes' | 'refuses' | 'takes and fails')[]) {
  const sent = new Map<string, Mail>();
  let asked = 0;
  return {
    sent,
    send: async (mail: Mail, key: string) => {
      const outcome = outcomes[asked++] ?? 'takes';
      if (outcome !== 'refuses' && !sent.has(key)) sent.set(key, mail);
      if (outcome !== 'takes') throw new Error('The mail service answered 500.');
    },
  };
}

describe('the mailer', () => {
  it('mails each order once, whichever events are delivered twice and however often the mail service fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.constantFrom(...REGIONS), { minLength: 1, maxLength: 5 }),
        fc.array(outcome, { maxLength: 8 }),
        async (seed, places, outcomes) => {
          const service = aMailService(outcomes);
          const grocery = aGrocery({
            seed,
            duplicates: 0.4,
            reorders: true,
            telemetry: silentTelemetry,
            subscribers: { mailer: { ...subscribers.mailer, handler: mailer(service.send) } },
          });
          const customer = 'boardman.ada';
          const lines = [{ article: 'apples', count: 6, cents: 30 }];
          const orders = places.map((_, i) => `boardman.ada.${i + 1}`);
          await grocery.during(
            Promise.all(
              places.map(async (region, i) => {
                const order = grocery.near(region, `desk-${i}`).stream('order', orders[i] ?? '');
                await order.command('place', { customer, lines, warehouse: 'columbus', cartLines: ['4711.0'] });
                await order.command('ship', {});
              }),
            ),
          );
          await grocery.settle();
          const mails = [...service.sent.values()];
          expect(mails.map(({ subject }) => subject).toSorted()).toEqual(orders.map((order) => `Your order ${order}`));
          for (const mail of mails)
            expect(mail).toMatchObject({ to: customer, text: '6 apples, 30 cents each\nTogether: 180 cents' });
        },
      ),
      { numRuns: 25 },
    );
  });
});

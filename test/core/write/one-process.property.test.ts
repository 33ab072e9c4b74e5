import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ingestMessages } from '../../../core/intake/ingest.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { aRegion } from '../a-region.ts';

const ACCOUNTS = ['account/us.1', 'account/us.2', 'account/us.3'] as const;

const work = fc.record({
  /** The account, or, for a transfer, the one that pays. */
  from: fc.constantFrom(...ACCOUNTS),
  /** The receiver of a transfer; null for a withdrawal. */
  to: fc.option(fc.constantFrom(...ACCOUNTS)),
});

/** A region whose table responds after a random number of microtasks: requests of one process interleave everywhere. */
function aRegionWithLags(seed: number) {
  const random = seeded(seed);
  const lag = async () => {
    for (let left = Math.floor(random() * 6); left > 0; left--) await null;
  };
  const us = aRegion();
  const events = new Proxy(us.table, {
    get:
      (table, name) =>
      async (...args: readonly unknown[]) => {
        await lag();
        const result: unknown = await Reflect.apply(Reflect.get(table, name), table, args);
        await lag();
        return result;
      },
  });
  const sends = async (all: readonly unknown[]) => all.map(() => undefined);
  return { ...us, events, bus: { put: sends }, quarantine: { send: sends }, ingest: { send: sends } };
}

function messageOf(id: string, type: string, detail: object): string {
  return JSON.stringify({ 'detail-type': `meridian.${type}`, detail: { id, ...detail } });
}

describe('requests of one process, which share its copies of streams', () => {
  it('decide each commit on exactly the positions before it, so that no account is overdrawn', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(work, { minLength: 6, maxLength: 8 }), { minLength: 2, maxLength: 4 }),
        fc.integer(),
        async (batches, seed) => {
          const us = aRegionWithLags(seed);
          const pay = (stream: string, command: string, amount: number) => ({ stream, command, input: { amount } });
          await ingestMessages(
            us,
            ACCOUNTS.map((stream) => messageOf(stream, 'command', pay(stream, 'deposit', 10))),
          );
          for (const [i, batch] of batches.entries())
            await ingestMessages(
              us,
              batch.map(({ from, to }, j) =>
                to === null || to === from
                  ? messageOf(`c${i}-${j}`, 'command', pay(from, 'withdraw', 3))
                  : messageOf(`us:t${i}-${j}`, 'transact', {
                      participants: [pay(from, 'withdraw', 3), pay(to, 'deposit', 3)],
                    }),
              ),
            );
          for (const stream of ACCOUNTS) {
            let balance = 0;
            for (const { position, context, log, events } of await us.table.load(stream)) {
              expect(context[log] ?? 0, `${stream}@${position}`).toBe(position - 1);
              for (const { type, data } of events)
                balance += (type === 'Deposited' ? 1 : -1) * Number(Reflect.get(Object(data), 'amount'));
              expect(balance).toBeGreaterThanOrEqual(0);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

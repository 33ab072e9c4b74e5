import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sleepOn, VirtualScheduler } from '../../world/time/scheduler.ts';
import { ACCOUNTS, aBank, homeOf, REGIONS } from './a-bank.ts';
import { verifyWorld } from './verify-world.ts';

const BUSY_MS = 60_000;
const GRACE_MS = 15_000;
const notes = Array.from({ length: 6 }, (_, i) => `note/${i}`);

const at = fc.integer({ min: 0, max: BUSY_MS });
const region = fc.constantFrom(...REGIONS);
const noting = fc.record({ kind: fc.constant('note' as const), at, region, stream: fc.constantFrom(...notes) });
const transfer = fc
  .record({
    kind: fc.constant('transfer' as const),
    ...{ at, region, drivenBy: region },
    from: fc.constantFrom(...ACCOUNTS),
    to: fc.constantFrom(...ACCOUNTS),
  })
  .filter(({ from, to }) => from !== to);
const deposit = fc.record({ kind: fc.constant('deposit' as const), at, to: fc.constantFrom(...ACCOUNTS) });
const step = fc.oneof({ weight: 6, arbitrary: noting }, { weight: 2, arbitrary: transfer }, deposit);
const options = fc.record({
  seed: fc.integer(),
  decisions: fc.constantFrom('strong' as const, 'eventual' as const),
  duplicates: fc.constantFrom(0, 0.3),
  reorders: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Bank = Awaited<ReturnType<typeof aBank>>;

function take(bank: Bank, step: Step, i: number): Promise<unknown> {
  if (step.kind === 'transfer')
    return bank.begun({ ...step, key: `t${i}`, at: step.region, amount: 1, timeoutSeconds: 3 });
  if (step.kind === 'deposit') return bank.deposit(homeOf(step.to), `d${i}`, step.to);
  const body = { id: `n${i}`, stream: step.stream, events: [{ type: 'Noted', data: { text: `text ${i % 4}` } }] };
  return bank.send(step.region, 'POST', '/events', { body });
}

describe('verify, in a world that loses nothing', () => {
  it('finds nothing while it is busy, and nothing when it has settled', async () => {
    let streams = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
        options,
        at,
        async (steps, options, lookedAt) => {
          const scheduler = new VirtualScheduler();
          const bank = await aBank({ ...options, scheduler });
          const calls = steps.map(async (step, i) => {
            await sleepOn(scheduler, step.at);
            await take(bank, step, i);
          });
          const looking = sleepOn(scheduler, lookedAt).then(() =>
            verifyWorld(bank.world, scheduler, { grace: GRACE_MS }),
          );
          const busy = await scheduler.resolve(looking);
          expect([busy.found, busy.unconfirmed]).toEqual([[], []]);
          await scheduler.resolve(Promise.all(calls));
          await bank.recover();
          const settled = await scheduler.resolve(verifyWorld(bank.world, scheduler));
          expect([settled.found, settled.looked.changing]).toEqual([[], 0]);
          streams += settled.looked.streams;
        },
      ),
      { numRuns: 20, interruptAfterTimeLimit: 60_000 },
    );
    expect(streams).toBeGreaterThan(20);
  }, 120_000);
});

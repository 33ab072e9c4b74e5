import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientError } from '../../client/error.ts';
import { aDeployment, type Fate, regions } from './a-deployment.ts';

const FATES: readonly Fate[] = ['unreachable', 'lost', 'unanswered', 'late', 'silent', 'throttled', 'down', 'garbled'];
const streams = [
  { type: 'note', id: 'a' },
  { type: 'account', id: `${regions[2]}.ann` },
] as const;

/** Writes, each by a client with this many tries. */
const writesArb = fc.array(
  fc.record({
    region: fc.constantFrom(...regions),
    stream: fc.nat(1),
    at: fc.nat(20_000),
    tries: fc.integer({ min: 1, max: 6 }),
  }),
  { minLength: 1, maxLength: 6 },
);
/** The fates of requests, in turn: most of them fail. */
const fatesArb = fc.array(fc.option(fc.constantFrom(...FATES), { nil: undefined, freq: 2 }), { maxLength: 30 });
const cutsArb = fc.array(fc.tuple(fc.constantFrom(...regions), fc.constantFrom(...regions)), { maxLength: 3 });

describe('with failing requests and links', () => {
  it('a confirmed write counts exactly once, and a write reported as not written never counts', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(writesArb, fatesArb, cutsArb, fc.nat(), async (writes, fates, cuts, seed) => {
        const { world, client, next, scheduler, result, settle } = aDeployment({
          seed,
          duplicates: 0.2,
          reorders: true,
        });
        for (const [from, to] of cuts) if (from !== to) world.cut(from, to);
        next(...fates);
        // Each writes a different power of ten, so that every digit of a sum shows how many times it counts.
        const write = async ({ region, stream, at, tries }: (typeof writes)[number], i: number): Promise<string> => {
          await new Promise<void>((resolve) => void scheduler.after(at, resolve));
          const bank = client({ region, retry: { tries } });
          const amount = 10 ** i;
          try {
            if (stream === 0) await bank.stream('note', streams[0].id).command('note', { text: String(amount) });
            else await bank.stream('account', streams[1].id).command('deposit', { amount });
            return 'written';
          } catch (error) {
            if (!(error instanceof ClientError)) throw error;
            return error.maybeWritten ? 'maybe' : 'not';
          }
        };
        const outcomes = await result(Promise.all(writes.map(write)));
        next();
        await settle();
        for (const region of regions) {
          const bank = client({ region });
          const { state: entries } = await result(bank.stream('note', streams[0].id).read());
          const { state: balance } = await result(bank.stream('account', streams[1].id).read());
          const sum = balance + entries.reduce((total, { text }) => total + Number(text), 0);
          for (const [i, outcome] of outcomes.entries()) {
            const times = Math.floor(sum / 10 ** i) % 10;
            if (outcome === 'maybe') expect(times).toBeLessThanOrEqual(1);
            else expect({ i, outcome, times }).toEqual({ i, outcome, times: outcome === 'written' ? 1 : 0 });
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

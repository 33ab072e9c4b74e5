import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drivingRegionOf, MeridianError } from '../../core/index.ts';
import { type Around, portsAround } from '../../world/region/faults.ts';
import { seeded } from '../../world/time/randomness.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { ACCOUNTS, type Account, aBank, homeOf, REGIONS } from './a-bank.ts';
import { verifyWorld } from './verify-world.ts';

const region = fc.constantFrom(...REGIONS);
const account = fc.constantFrom(...ACCOUNTS);
const at = fc.integer({ min: 0, max: 8000 });

/** A transfer, and the Region it is sent to: only a few ids, so that some are sent twice, even to other Regions. */
interface Transfer {
  readonly kind: 'transfer';
  readonly at: number;
  readonly region: string;
  readonly drivenBy: string;
  readonly from: Account;
  readonly to: Account;
  readonly amount: number;
  readonly timeoutSeconds: number;
  readonly wait: number;
}
interface Deposit {
  readonly kind: 'deposit';
  readonly at: number;
  readonly region: string;
  readonly to: Account;
}
interface Look {
  readonly kind: 'look';
  readonly at: number;
  readonly region: string;
  readonly of: Account;
}
/** A link between Regions is cut or healed; all executions of a Region are killed. */
interface Trouble {
  readonly kind: 'cut' | 'heal' | 'kill';
  readonly at: number;
  readonly region: string;
  readonly to: string;
}
type Step = Transfer | Deposit | Look | Trouble;

const transfer: fc.Arbitrary<Transfer> = fc
  .record({
    kind: fc.constant('transfer' as const),
    at,
    region,
    drivenBy: region,
    from: account,
    to: account,
    amount: fc.constantFrom(1, 30, 70),
    timeoutSeconds: fc.constantFrom(1, 3, 30),
    wait: fc.constantFrom(0, 2, 15),
  })
  .filter(({ from, to }) => from !== to);
const deposit: fc.Arbitrary<Deposit> = fc.record({ kind: fc.constant('deposit' as const), at, region, to: account });
const look: fc.Arbitrary<Look> = fc.record({ kind: fc.constant('look' as const), at, region, of: account });
const trouble: fc.Arbitrary<Trouble> = fc
  .record({ kind: fc.constantFrom('cut' as const, 'heal' as const, 'kill' as const), at, region, to: region })
  .filter(({ region, to }) => region !== to);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: transfer },
    { weight: 2, arbitrary: deposit },
    { weight: 2, arbitrary: look },
    { weight: 3, arbitrary: trouble },
  ),
  { minLength: 1, maxLength: 40, size: 'max' },
);
const faults = fc.record({
  seed: fc.integer(),
  decisions: fc.constantFrom('strong' as const, 'eventual' as const),
  duplicates: fc.constantFrom(0, 0.3),
  reorders: fc.boolean(),
  clockAhead: fc.record({ 'us-east-2': fc.constantFrom(0, 700, 600_000) }),
  /** One call of a port in this many fails, gets no response, or takes effect although it fails. */
  oneIn: fc.constantFrom(Number.POSITIVE_INFINITY, 40, 10),
});

/** How long calls fail, in milliseconds: shorter than it takes table streams to discard a record. */
const TROUBLE_MS = 8000;

function failing(scheduler: VirtualScheduler, seed: number, oneIn: number): Around {
  const random = seeded(seed);
  const end = scheduler.now() + TROUBLE_MS;
  return async (call, name, args) => {
    if (scheduler.now() > end || random() * oneIn >= 1) return call(args);
    const kind = Math.floor(random() * 3);
    if (kind === 0) return new Promise(() => undefined);
    if (kind === 1) await call(args);
    throw new MeridianError('unavailable', `${name} failed.`, { retryable: true });
  };
}

const unfailing: Around = (call, _name, args) => call(args);

async function run(
  steps: readonly Step[],
  { oneIn, ...options }: typeof faults extends fc.Arbitrary<infer T> ? T : never,
) {
  const scheduler = new VirtualScheduler();
  let around = unfailing;
  const bank = await aBank({
    ...options,
    scheduler,
    withFaults: (_region, ports) => portsAround(ports, (...call) => around(...call)),
  });
  around = failing(scheduler, options.seed, oneIn);
  const told = new Map<string, Set<string>>();
  const deposits = new Set<string>();
  const calls: Promise<unknown>[] = [];

  const take = async (step: Step): Promise<void> => {
    switch (step.kind) {
      case 'transfer': {
        const { from, to, amount, drivenBy, timeoutSeconds, wait } = step;
        const key = [from, to, amount].join('.');
        const id = `${drivenBy}:${key}`;
        told.set(id, told.get(id) ?? new Set());
        const { status, body } = await bank.begun({
          key,
          from,
          to,
          amount,
          at: step.region,
          drivenBy,
          timeoutSeconds,
          wait,
        });
        if (status === 409) expect(body).toMatchObject({ code: 'aborted', id });
        else expect([200, 202, 503]).toContain(status);
        if (status !== 503) told.get(id)?.add({ 200: 'committed', 202: 'undecided', 409: 'aborted' }[status] ?? '');
        return;
      }
      case 'deposit': {
        const id = `deposit-${step.at}`;
        const { status } = await bank.deposit(step.region, id, step.to);
        if (status === 200) deposits.add(`${step.to} ${id}`);
        return;
      }
      case 'look': {
        const { status, body } = await bank.send(step.region, 'GET', `/streams/account/${step.of}`);
        if (status === 200) expect(body).toMatchObject({ state: expect.toSatisfy((state) => state >= 0) });
        return;
      }
      case 'kill':
        return bank.world.region(step.region).machine.killAll();
      default:
        return bank.world[step.kind](step.region, step.to);
    }
  };
  let now = 0;
  for (const step of steps.toSorted((a, b) => a.at - b.at)) {
    await scheduler.run(step.at - now);
    now = step.at;
    // A caller whose function died gets no response.
    calls.push(
      take(step).catch((error: unknown) => {
        if (!String(error).includes('timed out')) throw error;
      }),
    );
  }
  await scheduler.run(TROUBLE_MS - now);
  bank.world.healAll();
  around = unfailing;
  await scheduler.resolve(Promise.all(calls));
  await bank.recover();
  return { bank, told, deposits };
}

describe('transfers between three Regions', () => {
  it('happen as a whole or not at all, at most once, and as reported to callers, whatever fails', async () => {
    const outcomes = new Map<string | undefined, number>();
    await fc.assert(
      fc.asyncProperty(steps, faults, async (steps, faults) => {
        const { bank, told, deposits } = await run(steps, faults);

        await bank.expectWhole([...told.keys()]);
        const { found } = await bank.scheduler.resolve(verifyWorld(bank.world, bank.scheduler));
        expect(found).toEqual([]);
        for (const [id, answers] of told) {
          const record = await bank.recordOf(id);
          outcomes.set(record?.state, (outcomes.get(record?.state) ?? 0) + 1);
          for (const answer of answers)
            if (answer === 'undecided') expect(record, `promised in ${drivingRegionOf(id)}`).toBeDefined();
            else expect(answer, id).toBe(record?.state);
        }
        for (const deposit of deposits) {
          const [of = '', id = ''] = deposit.split(' ');
          const account = ACCOUNTS.find((account) => account === of) ?? ACCOUNTS[0];
          const ids = (await bank.commitsOf(homeOf(account), account)).map(({ commitId }) => commitId);
          expect(ids.filter((one) => one === id)).toHaveLength(1);
        }
      }),
      { numRuns: 100, interruptAfterTimeLimit: 60_000 },
    );
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['committed', 'aborted']));
  }, 120_000);
});

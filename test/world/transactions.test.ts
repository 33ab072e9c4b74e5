import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { MeridianError } from '../../core/index.ts';
import { type Around, portsAround } from '../../world/region/faults.ts';
import type { MachineStep } from '../../world/services/state-machine.ts';
import { seeded } from '../../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../../world/time/scheduler.ts';
import { ANN, aBank, BALANCE, BOB, CID, DAN, EAST, OHIO, WEST } from './a-bank.ts';

type Bank = Awaited<ReturnType<typeof aBank>>;

/** What was written since the accounts were opened, in all Regions together. */
function writesOf({ world }: Bank) {
  const sums = { intents: 0, finalised: 0, decided: 0, oneRegionDecisions: 0 };
  for (const { counts } of world.regions.values())
    for (const key of ['intents', 'finalised', 'decided', 'oneRegionDecisions'] as const) sums[key] += counts[key];
  return sums;
}

/** Kills the execution of a transaction in a Region before a step, when that step begins for the `times`th time. */
function killBefore({ world }: Bank, name: MachineStep['name'], { region = EAST, of = `${EAST}:a`, times = 1 } = {}) {
  let seen = 0;
  world.region(region).machine.beforeStep = (step) => {
    if (step.name === name && step.transaction === of && ++seen === times) step.kill();
  };
}

const a = { key: 'a', from: ANN, to: DAN };
const A = `${EAST}:a`;
/** The deadline of a transaction, plus the maximum time of recovery. */
const RECOVERED_MS = 30_000 + 30_000;

function around(faults: Around) {
  return {
    withFaults: (_region: string, ports: Parameters<typeof portsAround>[0]) => portsAround(ports, faults),
  };
}
function stepOf(request: unknown): string | undefined {
  return z.object({ step: z.string() }).safeParse(request).data?.step;
}

describe.each(['strong', 'eventual'] as const)('a transaction with %s decisions', (decisions) => {
  it('changes streams of several Regions with 2k+1 writes, visible in their homes as soon as it is reported', async () => {
    const bank = await aBank({ decisions });

    const answer = await bank.transfer(a);
    expect(answer).toEqual({ status: 200, body: expect.objectContaining({ id: A, state: 'committed' }) });
    expect(await bank.balance(EAST, ANN)).toBe(BALANCE - 10);
    expect(await bank.balance(WEST, DAN)).toBe(BALANCE + 10);
    await bank.recover();

    expect(writesOf(bank)).toEqual({ intents: 2, finalised: 2, decided: 1, oneRegionDecisions: 0 });
    await bank.expectWhole([A]);
  });

  it('costs the same on warm functions: 2k+1 writes, no decision read, and one call of the other Region before the outcome', async () => {
    const calls: string[] = [];
    const bank = await aBank({
      decisions,
      ...around((call, name, args) => {
        calls.push(stepOf(args[1]) ? `${name} ${stepOf(args[1])}` : name);
        return call(args);
      }),
    });
    for (const key of ['a', 'b']) await bank.transfer({ ...a, key });
    await bank.recover();
    const before = writesOf(bank);
    calls.length = 0;

    expect(await bank.transfer({ ...a, key: 'c' })).toMatchObject({ status: 200, body: { state: 'committed' } });
    await bank.recover();

    expect(writesOf(bank)).toEqual({
      intents: before.intents + 2,
      finalised: before.finalised + 2,
      decided: before.decided + 1,
      oneRegionDecisions: 0,
    });
    const untilDecided = calls.slice(0, calls.indexOf('decisions.put'));
    expect(untilDecided.filter((name) => name.startsWith('participants.invoke'))).toEqual([
      'participants.invoke prepare',
    ]);
    expect(calls.filter((name) => name === 'decisions.find')).toEqual([]);
    await bank.expectWhole([A, `${EAST}:b`, `${EAST}:c`]);
  });

  it('of one Region’s streams is written at once, with its outcome', async () => {
    const bank = await aBank({ decisions });

    expect(await bank.transfer({ ...a, to: BOB })).toMatchObject({ status: 200, body: { state: 'committed' } });
    await bank.recover();

    expect(writesOf(bank)).toEqual({ intents: 0, finalised: 0, decided: 0, oneRegionDecisions: 1 });
    await bank.expectWhole([A]);
  });

  it('that one participant refuses changes nothing, and reports which one', async () => {
    const bank = await aBank({ decisions });
    for (const [key, to] of [
      ['a', DAN],
      ['b', BOB],
    ] as const)
      expect(await bank.transfer({ key, from: ANN, to, amount: BALANCE + 1 })).toMatchObject({
        status: 409,
        body: { code: 'aborted', participant: `account/${ANN}`, reason: { code: 'rejected', balance: BALANCE } },
      });
    await bank.recover();
    await bank.expectWhole([A, `${EAST}:b`]);
    expect(await bank.balance(EAST, ANN)).toBe(BALANCE);
  });

  it('is driven by the Region that its id names, and returns the same wherever it is sent, even on a retry', async () => {
    const bank = await aBank({ decisions });
    const there = { ...a, at: OHIO, drivenBy: WEST };
    const first = await bank.transfer(there);
    expect(first).toMatchObject({ status: 200, body: { id: `${WEST}:a`, state: 'committed' } });

    expect(await bank.transfer({ ...there, at: EAST })).toEqual(first);
    expect(await bank.transfer({ ...there, amount: 11 })).toMatchObject({ status: 409, body: { code: 'id-reused' } });
    await bank.recover();

    expect(writesOf(bank)).toMatchObject({ intents: 2, decided: 1 });
    await bank.expectWhole([`${WEST}:a`]);
  });

  it('is visible in the homes even before it is finalised, and is finalised eventually', async () => {
    const bank = await aBank({ decisions });
    killBefore(bank, 'Commit');

    expect(await bank.transfer(a)).toMatchObject({ status: 200, body: { state: 'committed' } });
    expect([await bank.preparedOf(ANN), await bank.preparedOf(DAN)]).toEqual([[`${A}#1`], [`${A}#1`]]);
    expect([await bank.balance(EAST, ANN), await bank.balance(WEST, DAN)]).toEqual([BALANCE - 10, BALANCE + 10]);

    await bank.recover();
    expect(bank.elapsed()).toBeLessThan(RECOVERED_MS);
    await bank.expectWhole([A]);
  });

  it.each([
    { step: 'Plan', state: 'aborted' },
    { step: 'Prepare', state: 'aborted' },
    { step: 'Prepare', times: 2, state: 'aborted' },
    { step: 'Decide', state: 'aborted' },
    { step: 'Commit', state: 'committed' },
    { step: 'Commit', times: 2, state: 'committed' },
    { step: 'Abort', amount: BALANCE + 1, state: 'aborted' },
  ] as const)(
    'is $state at most 30 s after its deadline if its state machine is killed before $step',
    async ({ step, state, ...more }) => {
      const bank = await aBank({ decisions });
      killBefore(bank, step, 'times' in more ? { times: more.times } : {});

      const { status } = await bank.transfer({ ...a, wait: 1, ...('amount' in more && { amount: more.amount }) });
      expect([200, 202, 409]).toContain(status);
      await bank.recover();

      expect(bank.elapsed()).toBeLessThan(RECOVERED_MS);
      expect(await bank.recordOf(A)).toMatchObject({ state });
      await bank.expectWhole([A]);
    },
  );

  it('that waits for a busy stream ends at its deadline if its state machine is killed before the next attempt', async () => {
    const bank = await aBank({ decisions });
    killBefore(bank, 'Decide');
    const first = bank.begun({ ...a, wait: 1 });
    await bank.scheduler.resolve(first);
    killBefore(bank, 'Turn', { of: `${EAST}:b` });

    expect(await bank.transfer({ ...a, key: 'b', wait: 5 })).toMatchObject({ status: 202 });
    await bank.recover();

    expect(await bank.recordOf(`${EAST}:b`)).toMatchObject({ state: 'aborted', attempt: 2 });
    await bank.expectWhole([A, `${EAST}:b`]);
  });

  it('whose state machine runs twice concurrently takes effect once', async () => {
    const bank = await aBank({
      decisions,
      ...around(async (call, name, args) => {
        if (name === 'machine.start') await call(args);
        return call(args);
      }),
    });
    expect(await bank.transfer(a)).toMatchObject({ status: 200 });
    await bank.recover();
    expect(writesOf(bank)).toEqual({ intents: 2, finalised: 2, decided: 1, oneRegionDecisions: 0 });
    await bank.expectWhole([A]);
  });

  it('is aborted if a Region is cut off when it should prepare, and reports that Region', async () => {
    const bank = await aBank({ decisions });
    bank.world.cut(EAST, WEST);
    bank.world.cut(WEST, EAST);

    expect(await bank.transfer(a)).toMatchObject({
      status: 409,
      body: { participant: `account/${DAN}`, reason: { code: 'region-unreachable' } },
    });
    await bank.settle();
    expect(await bank.preparedOf(ANN)).toEqual([]);
    expect(await bank.transfer({ ...a, key: 'b', to: CID })).toMatchObject({ status: 200 });

    bank.world.healAll();
    await bank.recover();
    await bank.expectWhole([A, `${EAST}:b`]);
  });

  it('is aborted in a Region whose responses are lost too, and with strong decisions even before that can reach the driving Region', async () => {
    const bank = await aBank({ decisions });
    bank.world.cut(WEST, EAST);
    bank.world.cut(EAST, WEST, ['replication']);

    expect(await bank.transfer(a)).toMatchObject({ status: 409, body: { reason: { code: 'region-unreachable' } } });
    expect(await bank.preparedOf(DAN)).toEqual([`${A}#1`]);
    await bank.scheduler.run(RECOVERED_MS);
    expect(await bank.preparedOf(DAN)).toEqual(decisions === 'strong' ? [] : [`${A}#1`]);

    bank.world.healAll();
    await bank.recover();
    await bank.expectWhole([A]);
  });

  it.each([
    { cut: 'both ways', ways: [[EAST, WEST] as const, [WEST, EAST] as const] },
    { cut: 'the way back', ways: [[WEST, EAST] as const] },
  ])('stays committed if a Region is cut off ($cut) between decision and commit', async ({ ways }) => {
    const bank = await aBank({ decisions });
    bank.world.region(EAST).machine.beforeStep = ({ name }) => {
      if (name === 'Commit') for (const [from, to] of ways) bank.world.cut(from, to);
    };
    expect(await bank.transfer(a)).toMatchObject({ status: 200, body: { state: 'committed' } });
    await bank.scheduler.run(RECOVERED_MS);
    if (decisions === 'strong') expect(await bank.preparedOf(DAN)).toEqual([]);

    bank.world.healAll();
    await bank.recover();
    await bank.expectWhole([A]);
  });

  it.each([EAST, WEST])('is done, or recovered in time, while the clock of %s is ten minutes ahead', async (region) => {
    const bank = await aBank({ decisions, clockAhead: { [region]: 600_000 } });
    expect(await bank.transfer(a)).toMatchObject({ status: 200 });
    await bank.settle();

    killBefore(bank, 'Decide', { of: `${EAST}:b` });
    const begin = bank.elapsed();
    expect(await bank.transfer({ ...a, key: 'b', wait: 1 })).toMatchObject({ status: 202 });
    await bank.recover();

    expect(bank.elapsed() - begin).toBeLessThan(RECOVERED_MS);
    await bank.expectWhole([A, `${EAST}:b`]);
  });

  it('commits although every second call of its stores and Regions is throttled at first', async () => {
    const scheduler = new VirtualScheduler();
    const random = seeded(5);
    let throttled = 0;
    let isOpen = false;
    const bank = await aBank({
      decisions,
      scheduler,
      ...around(async (call, name, args) => {
        if (isOpen && throttled < 30 && random() < 0.5) {
          throttled++;
          throw new MeridianError('unavailable', `${name} was throttled.`, { retryable: true });
        }
        return call(args);
      }),
    });
    isOpen = true;
    // A caller retries if asked to.
    let answer = await bank.transfer(a);
    while (answer.status === 503) answer = await bank.transfer(a);
    expect(answer).toMatchObject({ status: 200 });
    await bank.recover();
    expect(throttled).toBe(30);
    await bank.expectWhole([A]);
  });

  it('ends, and so does a concurrent transaction on the same streams in the opposite order', async () => {
    const bank = await aBank({ decisions });
    const answers = Promise.all([
      bank.begun({ key: 'a', from: ANN, to: DAN, at: EAST }),
      bank.begun({ key: 'b', from: DAN, to: ANN, at: WEST, amount: 7 }),
    ]);
    for (const { status } of await bank.scheduler.resolve(answers)) expect(status).toBe(200);
    await bank.recover();
    await bank.expectWhole([A, `${WEST}:b`]);
    expect(await bank.balance(EAST, ANN)).toBe(BALANCE - 3);
  });

  it('leaves nothing locked if a prepare arrives after the abort', async () => {
    const scheduler = new VirtualScheduler();
    let calls = 0;
    const bank = await aBank({
      decisions,
      scheduler,
      ...around(async (call, name, args) => {
        if (name !== 'participants.invoke' || stepOf(args[1]) !== 'prepare') return call(args);
        if (++calls > 4) return call(args);
        if (calls > 1) throw new MeridianError('region-unreachable', 'It was lost.', { retryable: true });
        await sleepOn(scheduler, 90_000);
        return call(args);
      }),
    });
    await bank.transfer({ ...a, wait: 1 });
    await bank.recover();
    expect(await bank.recordOf(A)).toMatchObject({ state: 'aborted' });
    expect(await bank.preparedOf(DAN)).toEqual([]);
    await scheduler.run(90_000 - bank.elapsed() + 1000);
    expect(await bank.preparedOf(DAN)).toEqual([`${A}#1`]);

    // The next writer need not wait for the resolver.
    expect(await bank.transfer({ ...a, key: 'b', from: DAN, to: CID })).toMatchObject({ status: 200 });
    await bank.recover();
    await bank.expectWhole([A, `${EAST}:b`]);
  });

  it.each(['participants.invoke', 'events.put', 'decisions.put', 'events.finalise'])(
    'has one outcome however late its coordinator is at %s, while resolvers end expired attempts',
    async (slow) => {
      const outcomes = new Set<string | undefined>();
      for (let late = 0; late <= 4000; late += 400) {
        const scheduler = new VirtualScheduler();
        let isOpen = false;
        const bank = await aBank({
          decisions,
          scheduler,
          seed: late + 1,
          ...around(async (call, name, args) => {
            if (isOpen && name === slow) await sleepOn(scheduler, late);
            return call(args);
          }),
        });
        isOpen = true;
        const { status } = await bank.transfer({ ...a, timeoutSeconds: 1 });
        isOpen = false;
        await bank.recover();
        const record = await bank.recordOf(A);
        expect(status).toBe(record?.state === 'committed' ? 200 : 409);
        await bank.expectWhole([A]);
        outcomes.add(record?.state);
      }
      expect(outcomes).toContain('committed');
    },
  );

  it('whose state machine and resolver messages are lost is ended by an append that waits 4 s, and aborted when it is queried', async () => {
    const bank = await aBank({
      decisions,
      ...around(async (call, name, args) =>
        name === 'resolver.send'
          ? z
              .array(z.unknown())
              .parse(args[0])
              .map(() => undefined)
          : call(args),
      ),
    });
    killBefore(bank, 'Decide');
    const deposit = (id: string) => bank.scheduler.resolve(bank.deposit(EAST, id, ANN));
    await bank.transfer({ ...a, wait: 1 });

    expect(await deposit('early')).toMatchObject({ status: 200 });
    expect(bank.elapsed()).toBeLessThan(5_500);
    expect(await bank.preparedOf(ANN)).toEqual([]);
    await bank.scheduler.run(60_000);
    expect(await bank.call(EAST, 'GET', `/transactions/${A}`)).toMatchObject({ body: { state: 'aborted' } });
    expect(await bank.recordOf(A)).toMatchObject({
      state: 'aborted',
      reason: { problem: { code: 'stream-busy' } },
    });
    expect(await bank.balance(EAST, ANN)).toBe(BALANCE + 1);
  });
});

describe('a driving Region that cannot reach a majority', () => {
  it('decides nothing: the others end its transactions if decisions are strong, and wait for it if they are eventual', async () => {
    for (const decisions of ['strong', 'eventual'] as const) {
      const bank = await aBank({ decisions });
      bank.world.region(EAST).machine.beforeStep = ({ name }) => {
        if (name !== 'Decide') return;
        for (const other of [OHIO, WEST]) {
          bank.world.cut(EAST, other);
          bank.world.cut(other, EAST);
        }
      };
      const asked = bank.begun({ ...a, wait: 1 });
      await bank.scheduler.run(RECOVERED_MS);

      const isStrong = decisions === 'strong';
      const { status } = await asked;
      expect(status).toBe(isStrong ? 503 : 200);
      expect(await bank.preparedOf(DAN)).toEqual(isStrong ? [] : [`${A}#1`]);

      bank.world.healAll();
      await bank.recover();
      expect(await bank.recordOf(A)).toMatchObject({ state: isStrong ? 'aborted' : 'committed' });
      await bank.expectWhole([A]);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { operatorActions } from '../../core/index.ts';
import { ANN, aBank, BALANCE, BOB, CID, DAN, EAST, REGIONS, WEST } from './a-bank.ts';

const a = { key: 'a', from: ANN, to: DAN };
const [A, B] = [`${EAST}:a`, `${EAST}:b`];
const HOUR = 3_600_000;

/** A bank whose resolvers get no messages while `isDeaf`; after that, `onSend` is called when one is sent. */
async function aDeafBank(decisions: 'strong' | 'eventual') {
  const state = { isDeaf: false, onSend: (_exit: () => void) => {} };
  const bank = await aBank({
    decisions,
    withFaults: (_region, ports, exit) => ({
      ...ports,
      resolver: {
        send: async (messages) => {
          // The queue has accepted the messages, and lost them.
          if (state.isDeaf) return messages.map(() => undefined);
          const answers = await ports.resolver.send(messages);
          state.onSend(exit);
          return answers;
        },
      },
    }),
  });
  const { world, scheduler } = bank;
  const since = new Date(scheduler.now()).toISOString();
  state.isDeaf = true;
  /** Runs `republish` in a Region to its end, repeats a step that failed, and returns the number of scheduled checks. */
  const republish = async (region: string, dryRun = false): Promise<number> => {
    let scheduled = 0;
    for (let cursor: string | undefined; ; ) {
      const request = { since, segment: 0, segments: 1, dryRun, ...(cursor !== undefined && { cursor }) };
      const answer = await world
        .region(region)
        .operate('republish-step', request)
        .catch(() => undefined);
      if (answer === undefined) continue;
      if ('problem' in answer) throw new Error(answer.problem.detail);
      const step = operatorActions['republish-step'].result.parse(answer.result);
      scheduled += step.scheduled ?? 0;
      if (step.cursor === undefined) return scheduled;
      cursor = step.cursor;
    }
  };
  return {
    ...bank,
    state,
    republish: (...args: Parameters<typeof republish>) => scheduler.resolve(republish(...args)),
    republishInAll: (times = 1) =>
      scheduler.resolve(
        Promise.all(Array.from({ length: times }, () => REGIONS.map((name) => republish(name))).flat()),
      ),
    /** Kills the execution of a transaction before a step. */
    killBefore: (name: string, of = A) => {
      world.region(EAST).machine.beforeStep = (step) => {
        if (step.name === name && step.transaction === of) step.kill();
      };
    },
  };
}

describe.each(['strong', 'eventual'] as const)('republish in a world with %s decisions', (decisions) => {
  it('gives a transaction its promised outcome if the message of the promise was lost, without anyone querying it', async () => {
    const bank = await aDeafBank(decisions);
    bank.killBefore('Plan');
    expect(await bank.transfer({ ...a, wait: 1 })).toMatchObject({ status: 202 });
    await bank.scheduler.run(HOUR);
    expect(await bank.world.region(EAST).attempts(A)).toMatchObject([{ attempt: 0, final: false }]);

    bank.state.isDeaf = false;
    expect(await bank.republish(EAST, true)).toBe(1);
    await bank.recover();
    expect(await bank.recordOf(A)).toBeUndefined();
    expect(await bank.republishInAll()).toEqual([1, 0, 0]);
    await bank.recover();
    expect(await bank.recordOf(A)).toMatchObject({ state: 'aborted', attempt: 1, region: EAST });
    for (const region of REGIONS) expect(bank.heard(region).get(`tx/${A}`)).toBe(1);
    await bank.expectWhole([A]);
  });

  it('ends a transaction that waits for a busy stream, and the one that holds it, if all their messages were lost', async () => {
    const bank = await aDeafBank(decisions);
    bank.killBefore('Decide');
    await bank.scheduler.resolve(bank.begun({ ...a, wait: 1 }));
    bank.killBefore('Turn', B);
    expect(await bank.transfer({ ...a, key: 'b', wait: 5 })).toMatchObject({ status: 202 });
    await bank.scheduler.run(HOUR);
    expect(await bank.recordOf(B)).toBeUndefined();

    bank.state.isDeaf = false;
    await bank.republishInAll();
    await bank.recover();
    expect(await bank.recordOf(B)).toMatchObject({ state: 'aborted', attempt: 2 });
    for (const id of [A, B]) expect(bank.heard(WEST).get(`tx/${id}`)).toBe(1);
    await bank.expectWhole([A, B]);
  });

  it('gives each transaction one outcome if it runs several times at once, and its process dies in between', async () => {
    const bank = await aDeafBank(decisions);
    bank.killBefore('Plan');
    await bank.transfer({ ...a, wait: 1 });
    bank.killBefore('Plan', B);
    await bank.transfer({ ...a, key: 'b', from: CID, to: BOB, wait: 1 });
    await bank.scheduler.run(HOUR);

    let deaths = 0;
    bank.state.isDeaf = false;
    bank.state.onSend = (exit) => {
      if (deaths++ < 3) exit();
    };
    await bank.republishInAll(3);
    await bank.recover();
    expect(deaths).toBeGreaterThan(3);
    for (const id of [A, B]) {
      expect(await bank.world.region(EAST).attempts(id)).toMatchObject([
        { attempt: 0, final: false },
        { attempt: 1, final: true, state: 'aborted' },
      ]);
      expect(bank.heard(WEST).get(`tx/${id}`)).toBeGreaterThan(0);
    }
    await bank.expectWhole([A, B]);
  });

  it('does not disturb a transaction in progress', async () => {
    const bank = await aDeafBank(decisions);
    bank.state.isDeaf = false;
    const begun = bank.begun({ ...a, wait: 0 });
    const checks = await bank.republishInAll(2);
    expect(await bank.scheduler.resolve(begun)).toMatchObject({ status: 202 });
    expect(checks.some((scheduled) => scheduled > 0)).toBe(true);
    await bank.recover();
    expect(await bank.recordOf(A)).toMatchObject({ state: 'committed' });
    expect(await bank.balance(EAST, ANN)).toBe(BALANCE - 10);
    await bank.expectWhole([A]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { isOlder, mayBeNext, type Waiter } from '../../../core/facts/waiter.ts';
import { MeridianError, participateStep } from '../../../core/index.ts';
import { type Prepare, prepareIntent } from '../../../core/transaction/prepare.ts';
import { waitForTurn } from '../../../core/transaction/turn.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { anAppend, aRegion, command, watched } from '../a-region.ts';
import { aWorld, type Region } from './regions.ts';

const ACCOUNT = 'account/us.1';

function asks(transaction: string, began: number | undefined, of: Partial<Prepare> = {}): Prepare {
  const participant = { stream: ACCOUNT, operation: command('deposit', { amount: 1 }) };
  return { transaction, attempt: 1, fingerprint: 'digest', participant, remaining: 30_000, meta: {}, began, ...of };
}

/** Another process of the same Region. */
function another(region: Region): Region {
  return { ...region, warm: new Map(), events: watched(region.table) };
}

/** A Region in which a transaction holds the account; the clock advances only when a process sleeps. */
async function held(began: number | null = 10) {
  const us = aRegion();
  await prepareIntent(another(us), asks('us:holder', began ?? undefined));
  const [intent] = await us.table.load(ACCOUNT);
  return { us, intent: intent ?? expect.fail() };
}

/** Runs an action once a process has slept this often. */
function afterSleeps(region: Region, times: number, act: () => Promise<unknown>): Region {
  let left = times;
  const sleep = async (milliseconds: number) => {
    await region.runtime.sleep(milliseconds);
    if (--left === 0) await act();
  };
  return { ...another(region), runtime: { ...region.runtime, sleep } };
}

function commits(intent: Commit, transaction = 'us:holder') {
  return aDecision({
    transaction,
    participants: [{ stream: ACCOUNT, log: 'us', position: intent.position, version: { us: intent.position } }],
  });
}

async function nextOf(region: Region): Promise<Waiter | undefined> {
  return (await region.table.load(ACCOUNT)).at(-1)?.tx?.next;
}

describe('the order of waiting transactions', () => {
  it('is by their beginning, then by their ids', () => {
    const [a, b, c] = [
      { transaction: 'z', began: 1 },
      { transaction: 'a', began: 2 },
      { transaction: 'b', began: 2 },
    ];
    expect([isOlder(a, b), isOlder(b, c), isOlder(c, b), isOlder(b, a)]).toEqual([true, true, false, false]);
    expect([mayBeNext(b, undefined), mayBeNext(b, b), mayBeNext(b, c), mayBeNext(b, a)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('a prepare that finds its stream held', () => {
  it('marks the intent, and takes the position as soon as the holder is decided', async () => {
    const { us, intent } = await held();
    const process = afterSleeps(us, 5, () => us.decisions.put(commits(intent)));
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'prepared', position: 2 });
    expect((await us.table.load(ACCOUNT)).map(({ tx }) => [tx?.state, tx?.began, tx?.next?.transaction])).toEqual([
      ['committed', 10, 'us:next'],
      ['prepared', 20, undefined],
    ]);
    expect(Math.max(...us.runtime.slept)).toBeLessThanOrEqual(25);
    expect(process.events.calls.filter((call) => call === 'mark')).toHaveLength(1);
  });

  it('takes the position as soon as the intent was made final by another process', async () => {
    const { us, intent } = await held();
    const process = afterSleeps(us, 5, () => us.table.finalise(intent, 'aborted'));
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'prepared', position: 2 });
    expect(us.runtime.slept).toHaveLength(5);
  });

  it('is displaced by an older transaction, and returns busy', async () => {
    const { us, intent } = await held();
    const process = afterSleeps(us, 3, () => us.table.mark(intent, { transaction: 'us:older', began: 15 }));
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'busy' });
    expect(us.runtime.slept).toHaveLength(3);
    expect(await nextOf(us)).toEqual({ transaction: 'us:older', began: 15 });
  });

  it('displaces a younger transaction', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:younger', began: 30 });
    const process = afterSleeps(us, 3, () => us.decisions.put(commits(intent)));
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'prepared' });
  });

  it.each([
    ['an older one for 400 ms', 10, 20, 400],
    ['a younger one for 2 s, whose attempt it then ends', 20, 10, 2_000],
    ['one of older code, which counts as the youngest, for 2 s, whose attempt it then ends', null, 10, 2_000],
  ])('waits after %s', async (_what, holder, waiter, milliseconds) => {
    const { us } = await held(holder);
    const { kind } = await prepareIntent(another(us), asks('us:next', waiter));
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(milliseconds);
    expect(us.runtime.elapsed()).toBeLessThan(milliseconds + 60);
    expect(kind).toBe(milliseconds === 400 ? 'busy' : 'prepared');
    expect(await us.decisions.find('us:holder', 1)).toEqual(
      kind === 'busy' ? undefined : expect.objectContaining({ state: 'aborted', final: false }),
    );
  });

  it('waits for 3 s after a younger one whose attempt cannot be ended', async () => {
    const { us } = await held(20);
    const decisions = {
      ...us.decisions,
      put: async () => {
        throw new MeridianError('unavailable', 'no', { retryable: true });
      },
    };
    const process = { ...another(us), decisions };
    expect(await prepareIntent(process, asks('us:next', 10))).toMatchObject({ kind: 'busy' });
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(3_000);
    expect(us.runtime.elapsed()).toBeLessThan(3_060);
  });

  it('returns busy in its last second, and once its own attempt is decided', async () => {
    for (const [remaining, act] of [
      [1_100, async () => undefined],
      [30_000, (us: Region) => us.decisions.put(anAbort({ transaction: 'us:next' }))],
    ] as const) {
      const { us } = await held();
      await act(us);
      expect(await prepareIntent(another(us), asks('us:next', 5, { remaining }))).toMatchObject({ kind: 'busy' });
      expect(us.runtime.elapsed()).toBeLessThan(remaining === 1_100 ? 130 : 300);
    }
  });

  it('continues after a new holder that was faster', async () => {
    const { us, intent } = await held();
    const process = afterSleeps(us, 3, async () => {
      await us.table.finalise(intent, 'committed');
      await prepareIntent(another(us), asks('us:faster', 10));
    });
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'busy' });
    expect(await nextOf(us)).toEqual({ transaction: 'us:next', began: 20 });
  });

  it('finds the intent gone from its table', async () => {
    const { us, intent } = await held();
    const events = { ...watched(us.table), mark: async () => undefined };
    await us.table.finalise(intent, 'committed');
    let reads = 0;
    const at: typeof us.table.at = async (...args) => (reads++ === 0 ? intent : us.table.at(...args));
    const process = { ...another(us), events: { ...events, at } };
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'prepared', position: 2 });
  });
});

describe('a free position', () => {
  it('is kept for an older transaction that is next, which takes it', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    await us.table.finalise(intent, 'committed');
    const process = afterSleeps(us, 3, () => prepareIntent(another(us), asks('us:older', 5)));
    expect(await prepareIntent(process, asks('us:young', 20))).toMatchObject({ kind: 'busy' });
    expect((await us.table.load(ACCOUNT)).map(({ commitId }) => commitId)).toEqual(['us:holder#1', 'us:older#1']);
  });

  it('is kept for 250 ms, once', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    await us.table.finalise(intent, 'committed');
    expect(await prepareIntent(another(us), asks('us:young', 20))).toMatchObject({ kind: 'prepared', position: 2 });
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(250);
    expect(us.runtime.elapsed()).toBeLessThan(280);
  });
});

describe('a turn', () => {
  const me = { transaction: 'us:me', began: 20, stream: ACCOUNT, remaining: 30_000 };

  it('has come if the stream is free, with or without commits', async () => {
    const us = aRegion();
    await waitForTurn(us, me);
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('deposit', { amount: 1 }) }));
    await waitForTurn(us, me);
    expect(us.runtime.slept).toEqual([]);
  });

  it('has come if the transaction is next, or can be', async () => {
    const { us } = await held();
    await waitForTurn(another(us), me);
    expect(await nextOf(us)).toEqual({ transaction: 'us:me', began: 20 });
    await waitForTurn(another(us), me);
    expect(us.runtime.slept).toEqual([]);
  });

  it('comes when the holder is decided, and no older transaction has taken the stream', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    const process = afterSleeps(us, 3, async () => {
      await us.decisions.put(commits(intent));
    });
    await waitForTurn(process, me);
    expect((await us.table.load(ACCOUNT)).map(({ tx }) => tx?.state)).toEqual(['committed']);
    // It is kept for the older one for another 250 ms.
    expect(us.runtime.slept.length).toBeGreaterThan(4);
    expect(us.runtime.elapsed()).toBeLessThan(1_000);
  });

  it('is waited for until a second before the deadline, and for 18 s at most', async () => {
    for (const [remaining, most] of [
      [5_000, 4_000],
      [60_000, 18_000],
    ] as const) {
      const { us, intent } = await held();
      await us.table.mark(intent, { transaction: 'us:older', began: 5 });
      const decisions = {
        ...us.decisions,
        put: async () => {
          throw new MeridianError('unavailable', 'no', { retryable: true });
        },
      };
      await waitForTurn({ ...another(us), decisions }, { ...me, remaining });
      expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(most);
      expect(us.runtime.elapsed()).toBeLessThan(most + 130);
    }
  });

  it('is waited for in the home of the stream, with one call', async () => {
    const { us, eu, calls } = aWorld();
    const deadline = us.runtime.now() + 30_000;
    const asked = { step: 'turn', transaction: 'us:t', stream: 'account/eu.1', deadline, timeout: 30_000 };
    expect(await participateStep(us, asked)).toEqual({ kind: 'turn' });
    expect(calls).toMatchObject([
      { region: 'eu', asked: { step: 'turn', remaining: 30_000, began: deadline - 30_000 } },
    ]);
    expect(eu.events.calls).toEqual(['load', 'loadLog']);
  });
});

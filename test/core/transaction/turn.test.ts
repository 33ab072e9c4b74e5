import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { isOlder, mayBeNext, type Waiter } from '../../../core/facts/waiter.ts';
import { MeridianError, ThrottledError, turnStep } from '../../../core/index.ts';
import { type Prepare, prepareIntent } from '../../../core/transaction/prepare.ts';
import { waitForTurn } from '../../../core/transaction/turn.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
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
    ['one that began at the same time and has a lower id for 400 ms', 10, 10, 400],
    ['a younger one for 2 s, whose attempt it then ends', 20, 10, 2_000],
    ['one of older code, which counts as the youngest, for 2 s, whose attempt it then ends', null, 10, 2_000],
  ])('waits after %s', async (_what, holder, waiter, milliseconds) => {
    const { us } = await held(holder);
    const { kind } = await prepareIntent(another(us), asks('us:next', waiter));
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(milliseconds);
    // Polls are a twentieth of the wait apart by then.
    expect(us.runtime.elapsed()).toBeLessThan(milliseconds * 1.05 + 25);
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
    expect(us.runtime.elapsed()).toBeLessThan(3_000 * 1.05 + 25);
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

  it('continues if the intent has become final when it is marked', async () => {
    const { us, intent } = await held();
    await us.table.finalise(intent, 'committed');
    let reads = 0;
    const at: typeof us.table.at = async (...args) => (reads++ === 0 ? intent : us.table.at(...args));
    const process = { ...another(us), events: { ...watched(us.table), at, load: async () => [intent] } };
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'prepared', position: 2 });
    expect(us.runtime.slept).toEqual([]);
  });

  it('returns busy if the intent is gone when it is marked: a guarantee was broken', async () => {
    const { us } = await held();
    const process = { ...another(us), events: { ...watched(us.table), mark: async () => undefined } };
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'busy' });
    expect(us.runtime.slept).toEqual([]);
  });

  it('has the same patience however often the holder changes', async () => {
    const { us } = await held(1);
    let holders = 1;
    const sleep = async (milliseconds: number) => {
      await us.runtime.sleep(milliseconds);
      // Every 150 ms an older transaction is faster.
      if (us.runtime.elapsed() < holders * 150) return;
      const [last] = (await us.table.load(ACCOUNT)).slice(-1);
      await us.table.finalise(last ?? expect.fail(), 'committed');
      await us.table.put(anIntent({ ...last, position: ++holders, commitId: `us:faster-${holders}#1` }));
    };
    const process = { ...another(us), runtime: { ...us.runtime, sleep } };
    expect(await prepareIntent(process, asks('us:next', 20))).toMatchObject({ kind: 'busy' });
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(400);
    expect(us.runtime.elapsed()).toBeLessThan(460);
    expect(holders).toBeGreaterThan(2);
  });

  it('asks no other Region to end the attempt that it waits for, either', async () => {
    const { us, calls } = aWorld({ strong: false });
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('deposit', { amount: 1 }) }));
    await prepareIntent(another(us), asks('eu:holder', 20));
    expect(await prepareIntent(us, asks('us:next', 10))).toMatchObject({ kind: 'busy' });
    expect(us.runtime.elapsed()).toBeLessThan(3_000 * 1.05 + 25);
    expect(calls).toEqual([]);
    await waitForTurn(us, { transaction: 'us:next', began: 10, stream: ACCOUNT, attempt: 1, remaining: 20_000 });
    expect(calls).toMatchObject([{ region: 'eu', asked: { step: 'decision', end: {} } }]);
    expect((await us.table.load(ACCOUNT)).at(-1)?.tx?.state).toBe('aborted');
  });

  it('asks no other Region while it waits: its transaction may hold other streams meanwhile', async () => {
    const { us, calls } = aWorld({ strong: false });
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('deposit', { amount: 1 }) }));
    await prepareIntent(another(us), asks('eu:holder', 10));
    expect(await prepareIntent(us, asks('us:next', 20))).toMatchObject({ kind: 'busy' });
    expect(calls).toEqual([]);
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

  it('is not taken once the deadline has passed meanwhile', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    await us.table.finalise(intent, 'committed');
    expect(await prepareIntent(another(us), asks('us:young', 20, { remaining: 200 }))).toMatchObject({
      kind: 'refused',
      problem: { code: 'deadline-exceeded' },
    });
    expect(await us.table.load(ACCOUNT)).toHaveLength(1);
  });

  it('is not kept because of a mark of long ago', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    await us.table.finalise(intent, 'committed');
    us.runtime.advance(11_000);
    expect(await prepareIntent(another(us), asks('us:young', 20))).toMatchObject({ kind: 'prepared', position: 2 });
    await waitForTurn(another(us), { transaction: 'us:z', began: 20, stream: ACCOUNT, attempt: 1, remaining: 20_000 });
    expect(us.runtime.slept).toEqual([]);
  });

  it('is kept for 250 ms', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    await us.table.finalise(intent, 'committed');
    expect(await prepareIntent(another(us), asks('us:young', 20))).toMatchObject({ kind: 'prepared', position: 2 });
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(250);
    expect(us.runtime.elapsed()).toBeLessThan(280);
  });
});

/** A request from another Region. */
function passedOn(stream: string) {
  return { step: 'turn', transaction: 'us:t', attempt: 1, stream, remaining: 30_000, began: 20 };
}

describe('a turn', () => {
  const me = { transaction: 'us:me', began: 20, stream: ACCOUNT, attempt: 1, remaining: 30_000 };

  it('has come if the stream is free, with or without commits', async () => {
    const us = aRegion();
    await waitForTurn(us, me);
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: command('deposit', { amount: 1 }) }));
    await waitForTurn(us, me);
    expect(us.runtime.slept.every((pause) => pause < 25)).toBe(true);
  });

  it('pauses longer with each attempt that finds the stream busy although it is free', async () => {
    const us = aRegion();
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 200; attempt++) {
      us.runtime.slept.length = 0;
      await waitForTurn(us, { ...me, attempt });
      pauses.push(...us.runtime.slept);
    }
    expect(pauses).toHaveLength(200);
    expect(Math.max(...pauses.slice(0, 3))).toBeLessThan(100);
    expect(Math.max(...pauses)).toBeGreaterThan(500);
    expect(Math.max(...pauses)).toBeLessThan(1000);
  });

  it('is not followed by such a pause if it was waited for', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    await us.table.finalise(intent, 'committed');
    for (let i = 0; i < 20; i++) await waitForTurn(another(us), { ...me, attempt: 20 });
    expect(Math.max(...us.runtime.slept)).toBeLessThan(150);
  });

  it('takes a second if only newer code knows an event of the stream: each attempt finds it busy until that runs', async () => {
    const us = aRegion();
    us.table.replicate(
      aCommit({ stream: ACCOUNT, log: 'us', context: {}, events: [{ type: 'Seized', schemaVersion: 1, data: {} }] }),
    );
    await waitForTurn(us, me);
    expect(us.runtime.slept).toEqual([1_000]);
    await waitForTurn(us, { ...me, remaining: 1_400 });
    expect(us.runtime.slept).toEqual([1_000, 400]);
  });

  it('has not come while an intent in a log that the Region no longer writes holds the stream', async () => {
    const { us, intent } = await held();
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    const renamed = { ...us, log: 'us.2' };
    const process = { ...afterSleeps(renamed, 5, () => us.decisions.put(commits(intent))), log: 'us.2' };
    await waitForTurn(process, me);
    expect(us.runtime.slept.length).toBeGreaterThanOrEqual(5);
    expect((await us.table.load(ACCOUNT)).map(({ tx }) => tx?.state)).toEqual(['committed']);
  });

  it.each([
    ['2 s after the intent of a younger transaction, which it ends', 30, 2_000],
    ['4 s after the intent of an older one, which it ends', 10, 4_000],
  ])('comes %s', async (_what, began, milliseconds) => {
    const { us, intent } = await held(began);
    // Another transaction is next.
    await us.table.mark(intent, { transaction: 'us:older', began: 5 });
    await waitForTurn(another(us), me);
    expect((await us.table.load(ACCOUNT)).map(({ tx }) => tx?.state)).toEqual(['aborted']);
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(milliseconds);
    // It is kept for the older one for another 250 ms.
    expect(us.runtime.elapsed()).toBeLessThan(milliseconds + 1_100);
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

  it('is not left again for an attempt that holds other streams, if waiting in one was in vain', async () => {
    const { us } = await held();
    await waitForTurn(us, me);
    expect(us.runtime.slept).toEqual([]);
    us.runtime.advance(400);
    await waitForTurn(us, { ...me, attempt: 2 });
    expect((await us.table.load(ACCOUNT)).map(({ tx }) => tx?.state)).toEqual(['aborted']);
    expect(us.runtime.elapsed()).toBeGreaterThanOrEqual(4_000);
  });

  it('is waited for until a second before the deadline, and for 10 s at most', async () => {
    for (const [remaining, most] of [
      [5_000, 4_000],
      [60_000, 10_000],
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
      expect(us.runtime.elapsed()).toBeLessThan(most + 1);
    }
  });

  it('is waited for in the home of the stream, with one call', async () => {
    const { us, eu, calls } = aWorld();
    const deadline = us.runtime.now() + 30_000;
    const asked = { step: 'turn', transaction: 'us:t', attempt: 1, stream: 'account/eu.1', deadline, timeout: 30_000 };
    expect(await turnStep(us, asked)).toEqual({ kind: 'turn' });
    expect(calls).toMatchObject([
      { region: 'eu', asked: { step: 'turn', remaining: 30_000, began: deadline - 30_000 } },
    ]);
    expect(eu.events.calls).toEqual(['load', 'loadLog']);
  });

  it.each([
    ['at home there', ACCOUNT],
    ['without a home', 'note/n'],
  ])('is waited for in the Region that drives the transaction, if the stream is %s', async (_what, stream) => {
    const { us, calls } = aWorld();
    expect(await turnStep(us, passedOn(stream))).toEqual({ kind: 'turn' });
    expect(calls).toEqual([]);
    expect(us.events.calls).toEqual(['load', 'loadLog']);
  });

  it('is followed by the next attempt a second later if the home has no instance free for it', async () => {
    const { us } = aWorld();
    const invoke = async () => {
      throw new ThrottledError('Rate exceeded.');
    };
    const throttled = { ...us, turns: { invoke } };
    expect(await turnStep(throttled, passedOn('account/eu.1'))).toEqual({ kind: 'turn' });
    expect(us.runtime.slept).toEqual([1_000]);
  });

  it('fails if the home does not respond, or its response cannot be read', async () => {
    const { us, cut } = aWorld();
    cut.add('eu');
    await expect(turnStep(us, passedOn('account/eu.1'))).rejects.toMatchObject({ code: 'region-unreachable' });
    for (const answer of [undefined, {}, { kind: 'finalised' }])
      await expect(
        turnStep({ ...us, turns: { invoke: async () => answer } }, passedOn('account/eu.1')),
      ).rejects.toThrow();
  });

  it.each([undefined, {}, { step: 'dance' }, { step: 'turn' }, { ...passedOn(ACCOUNT), step: 'prepare' }])(
    'refuses %j',
    async (asked) => {
      await expect(turnStep(aWorld().us, asked)).rejects.toThrow();
    },
  );
});

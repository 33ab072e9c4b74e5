import { describe, expect, it, vi } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { MeridianError } from '../../../core/index.ts';
import { readStream } from '../../../core/read/streams.ts';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { streamBusy } from '../../../core/write/intents.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { anAppend, aRegion, command, domainWithSnapshots, replicate, watched } from '../a-region.ts';
import { aWorld, type Region } from '../transaction/regions.ts';

const ACCOUNT = 'account/us.1';
const ATTEMPT = 'us:order-1#1';
function deposit(amount: number, of: object = {}) {
  return anAppend({ stream: ACCOUNT, operation: command('deposit', { amount }), ...of });
}

/** An intent of `us:order-1` that deposits 5, put by another process. */
async function hold(region: Region, transaction = 'us:order-1', stream = ACCOUNT, began?: number): Promise<void> {
  const answer = await prepareIntent(
    { ...region, warm: new Map() },
    {
      transaction,
      attempt: 1,
      fingerprint: 'digest-of-the-request',
      participant: { stream, operation: command('deposit', { amount: 5 }) },
      remaining: 30_000,
      meta: {},
      began,
    },
  );
  expect(answer).toMatchObject({ kind: 'prepared' });
}

function commits(position: number, transaction = 'us:order-1') {
  return aDecision({
    transaction,
    participants: [{ stream: ACCOUNT, log: 'us', position, version: { us: position } }],
  });
}

async function statesOf(region: Region) {
  return (await region.table.load(ACCOUNT)).map(({ tx }) => tx?.state ?? 'no intent');
}

function busy(of: object = {}) {
  return expect.objectContaining({ code: 'stream-busy', retryable: true, ...of });
}

describe('an append that finds an intent', () => {
  it('makes the intent final and continues after it if it is committed', async () => {
    const us = aRegion();
    await hold(us);
    await us.decisions.put(commits(1));
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 }, version: { us: 2 } });
    expect(await statesOf(us)).toEqual(['committed', 'no intent']);
    expect((await readStream(us, ACCOUNT)).state).toBe(6);
  });

  it('makes the intent final and continues after it if it is aborted', async () => {
    const us = aRegion();
    await appendToStream(us, deposit(1));
    await hold(us);
    await us.decisions.put(anAbort({ transaction: 'us:order-1' }));
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 3 } });
    expect(await statesOf(us)).toEqual(['no intent', 'aborted', 'no intent']);
    expect((await us.table.load(ACCOUNT))[2]?.previous).toBe(1);
    expect((await readStream(us, ACCOUNT)).state).toBe(2);
  });

  it('aborts a stray intent, which the decision does not list', async () => {
    const us = aRegion();
    await hold(us);
    await us.decisions.put(commits(7));
    await appendToStream(us, deposit(1));
    expect(await statesOf(us)).toEqual(['aborted', 'no intent']);
  });

  it('waits for the intent while it is undecided, then reports when to retry, if its Region cannot be reached', async () => {
    const { eu, cut } = aWorld({ strong: false });
    await hold(eu, 'us:order-1', 'account/eu.1');
    cut.add('us');
    const begun = eu.runtime.elapsed();
    const append = () => appendToStream(eu, deposit(1, { stream: 'account/eu.1' }));
    await expect(append()).rejects.toThrow(busy());
    expect(eu.runtime.elapsed() - begun).toBeLessThanOrEqual(10_000);
    const error = await append().catch((thrown) => thrown);
    expect(error.details.retryAfter).toBeGreaterThanOrEqual(10);
    expect(error.details.retryAfter).toBeLessThanOrEqual(20);
    expect((await eu.table.load('account/eu.1')).map(({ tx }) => tx?.state)).toEqual(['prepared']);
  });

  it('is refused if the table has lost the intent: a guarantee was broken', async () => {
    const us = aRegion();
    await hold(us);
    await us.decisions.put(commits(1));
    const lost = async () => undefined;
    const finalise = () =>
      us.table.finalise({ stream: ACCOUNT, log: 'us', position: 9, commitId: ATTEMPT }, 'committed');
    const region = { ...us, warm: new Map(), events: { ...watched(us.table), at: lost, finalise } };
    await expect(appendToStream(region, deposit(1))).rejects.toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('ends an attempt that has held the stream for 4 s, as busy, so that its transaction makes another one', async () => {
    const us = aRegion();
    await hold(us);
    const begun = us.runtime.elapsed();
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
    expect(us.runtime.elapsed() - begun).toBeGreaterThan(3900);
    // Polls are a twentieth of the wait apart by then.
    expect(us.runtime.elapsed() - begun).toBeLessThan(4000 + 200 + 45);
    expect(await statesOf(us)).toEqual(['aborted', 'no intent']);
    expect(await us.decisions.find('us:order-1', 1)).toMatchObject({
      state: 'aborted',
      final: false,
      reason: { stream: ACCOUNT, problem: { code: 'stream-busy' } },
    });
  });

  it('ends an attempt that seems to hold the stream for 4 s only after it has seen it for 1 s: clocks may differ', async () => {
    const us = aRegion();
    const behind = { ...us, runtime: { ...us.runtime, now: () => us.runtime.now() - 10_000 } };
    await hold(behind);
    const begun = us.runtime.elapsed();
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
    expect(us.runtime.elapsed() - begun).toBeGreaterThanOrEqual(1000);
    expect(us.runtime.elapsed() - begun).toBeLessThan(1100);
  });

  it.each([
    ['10 min ahead', 600_000, 4_000],
    ['10 min behind, which makes the deadline seem to have passed', -600_000, 1_000],
  ])('ends the attempt of a function whose clock is %s', async (_what, ahead, milliseconds) => {
    const us = aRegion();
    await hold({ ...us, runtime: { ...us.runtime, now: () => us.runtime.now() + ahead } });
    const begun = us.runtime.elapsed();
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
    expect(us.runtime.elapsed() - begun).toBeGreaterThanOrEqual(milliseconds);
    expect(us.runtime.elapsed() - begun).toBeLessThan(milliseconds * 1.05 + 45);
  });

  it('compares the deadline by the clock of the database, if that of the function is known to be ahead of it', async () => {
    const us = aRegion();
    const ahead = { ...us.runtime, now: () => us.runtime.now() + 60_000, clockAhead: () => 60_000 };
    await hold({ ...us, runtime: ahead });
    expect((await us.table.load(ACCOUNT))[0]?.tx?.deadline).toBe(us.runtime.now() + 30_000);
    await appendToStream({ ...us, runtime: ahead }, deposit(1));
    expect(await us.decisions.find('us:order-1', 1)).toMatchObject({ final: false });
  });

  it.each([
    [2, 4_000],
    [3, 8_000],
    [9, 16_000],
  ])('lets attempt %d hold the stream for %d ms: the earlier ones were in vain', async (attempt, milliseconds) => {
    const us = aRegion();
    await us.table.put({
      ...aCommit({ stream: ACCOUNT, log: 'us', region: 'us', commitId: `us:order-1#${attempt}`, context: {} }),
      ...{ hlc: nextStamp(us.runtime.now()), tx: { state: 'prepared', deadline: us.runtime.now() + 60_000 } },
    });
    const begun = us.runtime.elapsed();
    await appendToStream(us, deposit(1)).catch(() => appendToStream(us, deposit(1)));
    expect(us.runtime.elapsed() - begun).toBeGreaterThanOrEqual(milliseconds);
    expect(us.runtime.elapsed() - begun).toBeLessThan(milliseconds + 1_000);
  });

  it('counts how long its process has seen the attempt, from one request to the next', async () => {
    const us = aRegion();
    await hold(us);
    await appendToStream(us, deposit(1, { stream: 'account/us.2' }));
    us.runtime.advance(3800);
    const impatient = { ...us.runtime, sleep: () => Promise.reject(new Error('the process dies')) };
    await expect(appendToStream({ ...us, runtime: impatient }, deposit(1))).rejects.toThrow('the process dies');
    us.runtime.advance(1000);
    us.runtime.slept.length = 0;
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
    expect(us.runtime.slept).toEqual([]);
  });

  it('tries to end the attempt once a second, if that fails', async () => {
    const us = aRegion();
    await hold(us);
    let puts = 0;
    const put = async () => {
      puts++;
      throw new MeridianError('unavailable', 'The table is throttled.', { retryable: true });
    };
    const region = { ...us, decisions: { ...us.decisions, put } };
    await expect(appendToStream(region, deposit(1))).rejects.toThrow(busy());
    // Between 4 and 10 s.
    expect(puts).toBeGreaterThanOrEqual(4);
    expect(puts).toBeLessThanOrEqual(6);
    // It polls more and more slowly.
    expect(us.runtime.slept.length).toBeLessThan(80);
  });

  it('continues as soon as the intent is decided', async () => {
    const us = aRegion();
    await hold(us);
    const runtime = {
      ...us.runtime,
      sleep: async (milliseconds: number) => {
        await us.runtime.sleep(milliseconds);
        await us.decisions.put(commits(1));
      },
    };
    expect(await appendToStream({ ...us, runtime }, deposit(1))).toMatchObject({ dot: { position: 2 } });
    expect(us.runtime.slept.length).toBe(1);
  });

  it('has the intent aborted past its deadline, and continues after it', async () => {
    const us = aRegion();
    await hold(us);
    us.runtime.advance(30_000);
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
    expect(await statesOf(us)).toEqual(['aborted', 'no intent']);
    expect(await us.decisions.find('us:order-1', 1)).toMatchObject({
      state: 'aborted',
      final: true,
      fingerprint: 'digest-of-the-request',
      reason: { problem: { code: 'deadline-exceeded' } },
    });
  });

  it('finds the intent even with a warm copy, when its write loses the race for the position', async () => {
    const us = aRegion();
    await appendToStream(us, deposit(1));
    await hold(us);
    await us.decisions.put(anAbort({ transaction: 'us:order-1' }));
    us.events.calls.length = 0;
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 3 } });
    expect(us.events.calls).toEqual(['put', 'at', 'finalise', 'put']);
  });

  it('reads the intent again before it queries the decision, which may need a Region that is unreachable', async () => {
    const { us, eu, cut } = aWorld({ strong: false });
    await hold(eu, 'us:order-1', 'account/eu.1');
    const warm = { ...eu, warm: new Map(eu.warm) };
    cut.add('us');
    const append = () => appendToStream(warm, deposit(1, { stream: 'account/eu.1' }));
    await expect(append()).rejects.toThrow(busy());
    const [intent] = await eu.table.load('account/eu.1');
    if (!intent) throw new Error('There is no intent.');
    await eu.table.finalise(intent, 'committed');
    eu.events.calls.length = 0;
    expect(await append()).toMatchObject({ dot: { position: 2 } });
    expect(eu.events.calls).not.toContain('finalise');
    expect(us.decisions.strong).toBe(false);
  });

  it('returns the result of its duplicate that overtook it while it looked at the intent', async () => {
    const us = aRegion();
    await hold(us);
    const { promise: slow, resolve: release } = Promise.withResolvers<void>();
    let reads = 0;
    const region = { ...us, events: watched(us.table, (call) => (call === 'at' && ++reads === 1 ? slow : undefined)) };
    const twice = deposit(1, { commitId: 'twice' });
    const first = appendToStream(region, twice);
    await vi.waitFor(() => expect(reads).toBe(1));
    await us.decisions.put(anAbort({ transaction: 'us:order-1' }));
    const second = await appendToStream(region, twice);
    release();
    expect(await first).toEqual(second);
  });

  it('loads the stream again if the finished intent had seen less than the snapshot of the warm copy includes', async () => {
    const us = { ...aRegion(), domain: domainWithSnapshots({ every: 2, codeVersion: 1 }) };
    const eu = { ...aRegion('eu'), region: 'us' };
    await appendToStream(eu, deposit(100));
    await replicate(ACCOUNT, eu, us);
    for (const amount of [10, 20]) await appendToStream(us, deposit(amount));
    expect(us.warm.get(ACCOUNT)?.history.reaches({})).toBe(false);
    await us.table.put({
      ...aCommit({ stream: ACCOUNT, log: 'us', region: 'us', position: 3, commitId: ATTEMPT }),
      events: [{ type: 'Deposited', schemaVersion: 2, data: { amount: 1000 } }],
      ...{ context: { us: 2 }, hlc: nextStamp(us.runtime.now() + 1000) },
      tx: { state: 'prepared', deadline: us.runtime.now() + 30_000 },
    });
    await us.decisions.put(commits(3));
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 4 } });
    expect((await us.table.load(ACCOUNT)).at(-1)).toMatchObject({ context: { us: 3, eu: 1 } });
    expect((await readStream(us, ACCOUNT)).state).toBe(1131);
  });

  it("treats the intent as its own Region's, even under a log name that the Region no longer has", async () => {
    const us = aRegion();
    await hold(us);
    const renamed = { ...us, log: 'us.2', warm: new Map() };
    const runtime = {
      ...us.runtime,
      sleep: async (milliseconds: number) => {
        await us.runtime.sleep(milliseconds);
        await us.decisions.put(commits(1));
      },
    };
    Object.assign(renamed, { runtime });
    expect(await appendToStream(renamed, deposit(1))).toMatchObject({ dot: { log: 'us.2', position: 1 } });
    expect(await statesOf(us)).toEqual(['committed', 'no intent']);
    expect((await us.table.load(ACCOUNT)).at(-1)).toMatchObject({ context: { us: 1 } });
  });

  it('returns its earlier result, if it is committed, without reading the intent that holds the stream', async () => {
    const us = aRegion();
    const first = deposit(1);
    const answer = await appendToStream(us, first);
    await hold(us);
    expect(await appendToStream({ ...us, warm: new Map() }, first)).toEqual(answer);
    expect(await statesOf(us)).toEqual(['no intent', 'prepared']);
  });

  it('succeeds at its expected version if only an aborted intent follows that version, not if a committed one does', async () => {
    const us = aRegion();
    const { version } = await appendToStream(us, deposit(1));
    await hold(us);
    await us.decisions.put(anAbort({ transaction: 'us:order-1' }));
    expect(await appendToStream(us, deposit(1, { expected: version }))).toMatchObject({ dot: { position: 3 } });
    await hold(us, 'us:order-2');
    await us.decisions.put(commits(4, 'us:order-2'));
    await expect(appendToStream(us, deposit(1, { expected: { us: 3 } }))).rejects.toThrow(
      expect.objectContaining({ code: 'version-conflict' }),
    );
  });

  it('does not mistake an intent with the same id for its own commit', async () => {
    const us = aRegion();
    await appendToStream(us, deposit(1));
    await hold(us);
    await us.decisions.put(commits(2));
    await expect(appendToStream(us, deposit(5, { commitId: ATTEMPT }))).rejects.toThrow(
      expect.objectContaining({ code: 'id-reused' }),
    );
  });

  it('makes the intent final once, however many appends find it at the same time', async () => {
    const us = aRegion();
    await hold(us);
    await us.decisions.put(commits(1));
    const others = [1, 2, 3].map(() => appendToStream({ ...us, warm: new Map() }, deposit(1)));
    const places = (await Promise.all(others)).map(({ dot }) => dot?.position);
    expect(places.sort()).toEqual([2, 3, 4]);
    expect(await statesOf(us)).toEqual(['committed', 'no intent', 'no intent', 'no intent']);
  });

  it('reads the stream again if the intent was based on more than this copy knows', async () => {
    const us = aRegion();
    const foreign = aCommit({
      stream: ACCOUNT,
      log: 'eu',
      region: 'eu',
      context: {},
      previous: 0,
      hlc: nextStamp(us.runtime.now() - 1000),
      events: [{ type: 'Deposited', schemaVersion: 2, data: { amount: 100 } }],
    });
    await appendToStream(us, deposit(1));
    us.table.replicate(foreign);
    await hold(us);
    await us.decisions.put(commits(2));
    expect(await appendToStream(us, deposit(1))).toMatchObject({ version: { us: 3, eu: 1 } });
    expect((await us.table.load(ACCOUNT)).at(-1)?.context).toEqual({ us: 2, eu: 1 });
  });

  it('waits only a moment if there is no deadline', () => {
    expect(streamBusy(aCommit(), 0).details).toEqual({ retryAfter: 1 });
  });

  it('ignores an intent in the log of another Region', async () => {
    const us = aRegion();
    const foreign = aCommit({
      stream: ACCOUNT,
      log: 'eu',
      region: 'eu',
      commitId: 'eu:order-1#1',
      context: {},
      tx: { state: 'prepared', deadline: us.runtime.now() - 1 },
    });
    us.table.replicate(foreign);
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 1 }, version: { us: 1 } });
    expect((await us.table.load(ACCOUNT))[0]).toMatchObject({ log: 'eu', tx: { state: 'prepared' } });
  });
});

describe('an append that finds an intent decided in another Region', () => {
  it('has the attempt ended there as busy, so that its transaction makes another one and keeps its age', async () => {
    const { us, eu, calls } = aWorld({ strong: false });
    await hold(us, 'eu:order-1', ACCOUNT, 12.5);
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
    expect(await statesOf(us)).toEqual(['aborted', 'no intent']);
    const [ended] = await eu.decisions.attempts('eu:order-1');
    expect(ended).toMatchObject({
      ...{ attempt: 1, state: 'aborted', final: false, began: 12.5, region: 'eu' },
      reason: { stream: ACCOUNT, problem: { code: 'stream-busy' } },
    });
    expect(ended?.remaining).toBeGreaterThan(25_000);
    expect(ended?.remaining).toBeLessThan(26_000);
    expect(calls.filter(({ asked }) => Object.hasOwn(asked as object, 'end'))).toHaveLength(1);
  });

  it('leaves the attempt to its deadline if older code runs there, which would abort the transaction', async () => {
    const { us, eu } = aWorld({ strong: false });
    await hold(us, 'eu:order-1');
    const participants: Region['participants'] = {
      invoke: (region, asked, within) =>
        us.participants.invoke(region, { ...(asked as object), end: undefined }, within),
    };
    await expect(appendToStream({ ...us, participants }, deposit(1))).rejects.toThrow(busy());
    expect(await eu.decisions.attempts('eu:order-1')).toEqual([]);
  });

  it('queries the deciding Region, and has it decide past the deadline', async () => {
    const { us, eu } = aWorld({ strong: false });
    await hold(us, 'eu:order-1');
    await eu.decisions.put(commits(1, 'eu:order-1'));
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
    await hold(us, 'eu:order-2');
    us.runtime.advance(30_000);
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 4 } });
    expect(await eu.decisions.find('eu:order-2', 1)).toMatchObject({ state: 'aborted', region: 'eu' });
    expect(await us.decisions.find('eu:order-2', 1)).toBeUndefined();
  });

  it('waits while the deciding Region is unreachable, even past the deadline', async () => {
    const { us, cut } = aWorld({ strong: false });
    await hold(us, 'eu:order-1');
    cut.add('eu');
    us.runtime.advance(60_000);
    await expect(appendToStream(us, deposit(1))).rejects.toThrow(busy({ details: { retryAfter: 1 } }));
    expect(await statesOf(us)).toEqual(['prepared']);
  });

  it('needs no other Region if decisions are strong', async () => {
    const { us, cut } = aWorld();
    await hold(us, 'eu:order-1');
    cut.add('eu');
    us.runtime.advance(30_000);
    expect(await appendToStream(us, deposit(1))).toMatchObject({ dot: { position: 2 } });
  });

  it('does not report a bug of ours as a busy stream', async () => {
    const us = aRegion();
    await hold(us);
    const fault = new MeridianError('internal', 'The item is broken.');
    const decisions = { ...us.decisions, find: () => Promise.reject(fault) };
    await expect(appendToStream({ ...us, decisions, warm: new Map() }, deposit(1))).rejects.toBe(fault);
    const down = { ...us.decisions, find: () => Promise.reject(new Error('a bug')) };
    await expect(appendToStream({ ...us, decisions: down, warm: new Map() }, deposit(1))).rejects.toThrow('a bug');
  });

  it('does not report a bug as a busy stream on a warm copy either', async () => {
    const us = aRegion();
    await appendToStream(us, deposit(1));
    await hold(us);
    const decisions = { ...us.decisions, find: () => Promise.reject(new Error('a bug')) };
    await expect(appendToStream({ ...us, decisions }, deposit(1))).rejects.toThrow('a bug');
  });

  it('refuses to finalise an intent that is final in the other state: a guarantee was broken', async () => {
    const us = aRegion();
    await hold(us);
    const stale = watched(us.table);
    const before = await us.table.load(ACCOUNT);
    await us.table.finalise({ stream: ACCOUNT, log: 'us', position: 1, commitId: ATTEMPT }, 'aborted');
    await us.decisions.put(commits(1));
    const events = { ...stale, load: async (): Promise<readonly Commit[]> => before };
    await expect(appendToStream({ ...us, events }, deposit(1))).rejects.toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});

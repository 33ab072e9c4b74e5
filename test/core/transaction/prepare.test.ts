import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import { defineDomain, defineStream, MeridianError, reject } from '../../../core/index.ts';
import { loadHistory } from '../../../core/log/load.ts';
import { type Prepare, prepareIntent } from '../../../core/transaction/prepare.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, buggyAccount, command, domainWithSnapshots, watched } from '../a-region.ts';
import { aTransaction, aWorld } from './regions.ts';

const ACCOUNT = 'account/us.1';
function deposit(amount: number) {
  return command('deposit', { amount });
}
function withdraw(amount: number) {
  return command('withdraw', { amount });
}

function aPrepare(of: Partial<Prepare> = {}): Prepare {
  return {
    transaction: 'us:order-1',
    attempt: 1,
    fingerprint: 'digest-of-the-request',
    participant: { stream: ACCOUNT, operation: deposit(5) },
    remaining: 30_000,
    meta: { actor: 'ann' },
    ...of,
  };
}

function asking(request: ReturnType<typeof deposit> | undefined, of: Partial<Prepare> = {}): Prepare {
  return aPrepare({ participant: { stream: ACCOUNT, operation: request }, ...of });
}

function put(region: ReturnType<typeof aRegion>, amount: number) {
  return appendToStream(region, anAppend({ stream: ACCOUNT, operation: deposit(amount) }));
}

function refusedAs(code: string, of: object = {}) {
  return {
    kind: 'refused',
    stream: ACCOUNT,
    problem: expect.objectContaining({ code, ...of }),
  };
}

/** Another process of the same Region: the same tables, nothing warm. */
function another<R extends ReturnType<typeof aRegion>>(region: R): R {
  return { ...region, warm: new Map() };
}

describe('prepare', () => {
  it('returns its intent if the stream is loaded only because the copy in memory would refuse it', async () => {
    const us = aRegion();
    await put(us, 1);
    const stale = another(us);
    await put(stale, 1);
    await put(us, 10);
    const withdrawing = asking(withdraw(10));
    const prepared = await prepareIntent(another(us), withdrawing);
    expect(prepared).toMatchObject({ kind: 'prepared', position: 4 });
    expect(await prepareIntent(stale, withdrawing)).toEqual(prepared);
  });

  it('returns its intent even if only a snapshot still has it', async () => {
    const us = { ...aRegion(), domain: domainWithSnapshots({ every: 2, codeVersion: 1 }) };
    await prepareIntent(us, aPrepare());
    const [intent] = await us.table.load(ACCOUNT);
    if (!intent) throw new Error('There is an intent.');
    await us.table.finalise(intent, 'committed');
    await put(another(us), 1);
    await put(another(us), 1);
    await loadHistory(us, parseStreamRef(ACCOUNT));
    expect(await prepareIntent(another(us), aPrepare())).toMatchObject({ kind: 'prepared', log: 'us', position: 1 });
  });

  it('puts an intent at the next position, which is hidden from readers', async () => {
    const us = aRegion();
    await put(us, 10);
    expect(await prepareIntent(us, aPrepare())).toEqual({
      kind: 'prepared',
      stream: ACCOUNT,
      region: 'us',
      log: 'us',
      position: 2,
      version: { us: 2 },
    });
    expect((await us.table.load(ACCOUNT))[1]).toMatchObject({
      position: 2,
      commitId: 'us:order-1#1',
      fingerprint: 'digest-of-the-request',
      events: [{ type: 'Deposited', schemaVersion: 2, data: { amount: 5 } }],
      context: { us: 1 },
      previous: 1,
      region: 'us',
      meta: { actor: 'ann' },
      tx: { state: 'prepared', deadline: us.runtime.now() + 30_000 },
    });
  });

  it('takes one write when the stream is warm', async () => {
    const us = aRegion();
    await put(us, 10);
    us.events.calls.length = 0;
    await prepareIntent(us, asking(withdraw(3)));
    expect(us.events.calls).toEqual(['put']);
  });

  it('puts an intent without events to hold a stream that is only checked', async () => {
    const us = aRegion();
    await put(us, 10);
    const check = aPrepare({ participant: { stream: ACCOUNT, expected: { us: 1 } } });
    expect(await prepareIntent(us, check)).toMatchObject({ kind: 'prepared', position: 2 });
    expect((await us.table.load(ACCOUNT))[1]).toMatchObject({ events: [], previous: 1, tx: { state: 'prepared' } });
  });

  it('refuses a check of a stream that has changed', async () => {
    const us = aRegion();
    await put(us, 10);
    expect(await prepareIntent(us, aPrepare({ participant: { stream: ACCOUNT, expected: {} } }))).toMatchObject(
      refusedAs('version-conflict'),
    );
    expect(await us.table.load(ACCOUNT)).toHaveLength(1);
  });

  it('returns the same intent on a retry, in the same process, in another one, after the deadline and once it is committed', async () => {
    const us = aRegion();
    const first = await prepareIntent(us, aPrepare());
    expect(await prepareIntent(us, aPrepare())).toEqual(first);
    expect(await prepareIntent(another(us), aPrepare())).toEqual(first);
    expect(await prepareIntent(us, aPrepare({ remaining: -1 }))).toEqual(first);
    await us.table.finalise({ stream: ACCOUNT, log: 'us', position: 1, commitId: 'us:order-1#1' }, 'committed');
    expect(await prepareIntent(another(us), aPrepare())).toEqual(first);
    expect(await us.table.load(ACCOUNT)).toHaveLength(1);
  });

  it('returns the intent that it wrote if the response of the write was lost', async () => {
    const us = aRegion();
    let lost = false;
    const events = watched(us.table);
    const losing = {
      ...events,
      put: async (commit: Commit) => {
        const taken = await events.put(commit);
        if (lost) return taken;
        lost = true;
        return (await us.table.load(ACCOUNT))[0];
      },
    };
    expect(await prepareIntent({ ...us, events: losing }, aPrepare())).toMatchObject({ kind: 'prepared', position: 1 });
    expect(await us.table.load(ACCOUNT)).toHaveLength(1);
  });

  it('puts no second intent if two processes prepare the same attempt concurrently', async () => {
    const us = aRegion();
    const answers = await Promise.all([prepareIntent(us, aPrepare()), prepareIntent(another(us), aPrepare())]);
    expect(answers[0]).toEqual(answers[1]);
    expect(await us.table.load(ACCOUNT)).toHaveLength(1);
  });

  it('returns busy at once if another transaction holds the stream, and an older one is next', async () => {
    const us = aRegion();
    await prepareIntent(us, aPrepare({ began: 1 }));
    const [intent] = await us.table.load(ACCOUNT);
    if (!intent) expect.fail();
    await us.table.mark(intent, { transaction: 'us:order-0', began: 2 });
    for (const process of [us, another(us)])
      expect(await prepareIntent(process, aPrepare({ transaction: 'us:order-2', began: 3 }))).toEqual({
        kind: 'busy',
        stream: ACCOUNT,
      });
    expect(us.runtime.slept).toEqual([]);
  });

  it('returns busy if another intent was put in the meantime, and continues once that intent is decided', async () => {
    const us = aRegion();
    await put(us, 1);
    await prepareIntent(another(us), aPrepare());
    expect(await prepareIntent(us, aPrepare({ transaction: 'us:order-2' }))).toEqual({ kind: 'busy', stream: ACCOUNT });
    await us.decisions.put(anAbort({ transaction: 'us:order-1' }));
    expect(await prepareIntent(us, aPrepare({ transaction: 'us:order-2' }))).toMatchObject({
      kind: 'prepared',
      position: 3,
    });
    expect((await us.table.load(ACCOUNT))[1]).toMatchObject({ tx: { state: 'aborted' } });
  });

  it('ends its own earlier attempt, which found another stream busy, and prepares the next one', async () => {
    const us = aRegion();
    await prepareIntent(us, aPrepare());
    await us.decisions.put(anAbort({ transaction: 'us:order-1', final: false }));
    expect(await prepareIntent(us, aPrepare({ attempt: 2 }))).toMatchObject({ kind: 'prepared', position: 2 });
  });

  it("returns the domain's refusal, cut to the state machine's limit", async () => {
    const us = aRegion();
    expect(await prepareIntent(us, asking(withdraw(5)))).toMatchObject(
      refusedAs('rejected', { status: 422, balance: 0 }),
    );
    const talker = defineStream({
      ...account,
      commands: {
        talk: {
          input: account.commands.deposit?.input ?? expect.fail(),
          decide: () => {
            throw reject('no '.repeat(1000), { why: 'x'.repeat(2000) });
          },
        },
      },
    });
    const talking = aRegion('us', fakeRuntime(), defineDomain({ streams: [note, talker], views: [] }));
    const answer = await prepareIntent(talking, asking(command('talk', { amount: 1 })));
    expect(answer).toMatchObject(refusedAs('rejected'));
    expect(JSON.stringify('problem' in answer && answer.problem).length).toBeLessThanOrEqual(1000);
  });

  it("refuses a command that hits a bug of the domain, and logs the bug's error", async () => {
    const us = aRegion('us', fakeRuntime(), defineDomain({ streams: [buggyAccount], views: [] }));
    expect(await prepareIntent(us, aPrepare())).toMatchObject(
      refusedAs('internal', {
        detail: 'Unexpected error. Its cause is logged in us: fix it, and send the transaction again under a new id.',
        retryable: false,
      }),
    );
    expect(us.runtime.unexpectedErrors).toEqual([new TypeError('A bug of the domain.')]);
  });

  it('holds a stream even for a command that changes nothing', async () => {
    const us = aRegion();
    expect(await prepareIntent(us, asking(withdraw(0)))).toMatchObject({ kind: 'prepared', position: 1 });
  });

  it('refuses nothing based on a stale warm copy', async () => {
    const us = aRegion();
    await put(us, 1);
    await put(another(us), 9);
    expect(await prepareIntent(us, asking(withdraw(10)))).toMatchObject({ kind: 'prepared', position: 3 });
    const eu = aRegion();
    await put(eu, 1);
    await put(another(eu), 9);
    const check = aPrepare({ participant: { stream: ACCOUNT, expected: { us: 2 } } });
    expect(await prepareIntent(eu, check)).toMatchObject({ kind: 'prepared', position: 3 });
  });

  it('decides again when an append takes the position first', async () => {
    const us = aRegion();
    await put(us, 5);
    await appendToStream(another(us), anAppend({ stream: ACCOUNT, operation: withdraw(3) }));
    expect(await prepareIntent(us, asking(withdraw(5)))).toMatchObject(refusedAs('rejected', { balance: 2 }));
    expect(await prepareIntent(us, asking(withdraw(2)))).toMatchObject({ kind: 'prepared', position: 3 });
  });

  it('refuses a prepare that arrives after the deadline, or that gets no position before the deadline', async () => {
    const us = aRegion();
    expect(await prepareIntent(us, aPrepare({ remaining: 0 }))).toMatchObject(refusedAs('deadline-exceeded'));
    const faster = watched(us.table, (call) =>
      call === 'put' ? put(another({ ...us, events: watched(us.table) }), 1) : undefined,
    );
    expect(await prepareIntent({ ...us, events: faster }, aPrepare({ remaining: 500 }))).toMatchObject(
      refusedAs('deadline-exceeded'),
    );
  });

  it('does not extend the deadline by the time that it waits', async () => {
    const us = aRegion();
    const begun = us.runtime.now();
    let first = true;
    const faster = watched(us.table, (call) => {
      if (call !== 'put' || !first) return undefined;
      first = false;
      return put(another({ ...us, events: watched(us.table) }), 1);
    });
    await prepareIntent({ ...us, events: faster }, aPrepare({ remaining: 500 }));
    expect(us.runtime.slept.length).toBe(1);
    expect((await us.table.load(ACCOUNT))[1]?.tx?.deadline).toBe(Math.ceil(begun + 500));
  });

  it('refuses an attempt whose intent was already aborted', async () => {
    const us = aRegion();
    await prepareIntent(us, aPrepare());
    await us.table.finalise({ stream: ACCOUNT, log: 'us', position: 1, commitId: 'us:order-1#1' }, 'aborted');
    expect(await prepareIntent(another(us), aPrepare())).toMatchObject(refusedAs('deadline-exceeded'));
  });

  it('refuses an id that belongs to another request', async () => {
    const us = aRegion();
    await prepareIntent(us, aPrepare());
    expect(await prepareIntent(us, aPrepare({ fingerprint: 'other' }))).toMatchObject(refusedAs('id-reused'));
    const eu = aRegion();
    await appendToStream(eu, anAppend({ stream: ACCOUNT, operation: deposit(1), commitId: 'us:order-1#1' }));
    expect(await prepareIntent(eu, aPrepare())).toMatchObject(refusedAs('id-reused'));
  });

  it.each([
    ['of another Region', 'account/eu.1', 'misdirected'],
    ['of a type that is unknown', 'nothing/1', 'unknown-stream-type'],
  ])('refuses a stream %s', async (_what, stream, code) => {
    const us = aRegion();
    expect(await prepareIntent(us, aPrepare({ participant: { stream, operation: deposit(1) } }))).toMatchObject({
      kind: 'refused',
      stream,
      problem: { code },
    });
  });

  it('returns busy if only newer code knows an event of the stream, so that it is retried after the deployment', async () => {
    const us = aRegion();
    us.table.replicate(
      aCommit({ stream: ACCOUNT, log: 'us', context: {}, events: [{ type: 'Seized', schemaVersion: 1, data: {} }] }),
    );
    expect(await prepareIntent(us, aPrepare())).toEqual({ kind: 'busy', stream: ACCOUNT });
  });

  it('throws temporary errors, so that the step is retried', async () => {
    const us = aRegion();
    const down = new MeridianError('unavailable', 'The table is throttled.', { retryable: true });
    const events = watched(us.table, () => Promise.reject(down));
    await expect(prepareIntent({ ...us, events }, aPrepare())).rejects.toBe(down);
  });

  it('reads again if the holder of the position had seen more of another log than this copy', async () => {
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
    await put(us, 1);
    us.table.replicate(foreign);
    await prepareIntent(another(us), aPrepare());
    await us.decisions.put(
      aDecision({
        transaction: 'us:order-1',
        participants: [{ stream: ACCOUNT, log: 'us', position: 2, version: {} }],
      }),
    );
    expect(await prepareIntent(us, asking(withdraw(106), { transaction: 'us:order-2' }))).toMatchObject({
      kind: 'prepared',
      position: 3,
      version: { us: 3, eu: 1 },
    });
  });
});

describe('two transactions that want the same streams in opposite orders', () => {
  it('do not wait for each other: the younger one gives up after 400 ms, the older one waits on', async () => {
    const { us, eu } = aWorld();
    const [older, younger] = [aTransaction(), aTransaction()];
    const of = ({ id, fingerprint }: typeof older, began: number, stream: string) =>
      aPrepare({ transaction: id, fingerprint, began, participant: { stream, operation: deposit(1) } });
    expect(await prepareIntent(us, of(older, 1, 'account/us.1'))).toMatchObject({ kind: 'prepared' });
    expect(await prepareIntent(eu, of(younger, 2, 'account/eu.1'))).toMatchObject({ kind: 'prepared' });

    const [inUs, inEu] = [us.runtime.elapsed(), eu.runtime.elapsed()];
    expect(await prepareIntent(us, of(younger, 2, 'account/us.1'))).toMatchObject({ kind: 'busy' });
    expect(us.runtime.elapsed() - inUs).toBeLessThan(430);
    expect(await prepareIntent(eu, of(older, 1, 'account/eu.1'))).toMatchObject({ kind: 'prepared', position: 2 });
    expect(eu.runtime.elapsed() - inEu).toBeGreaterThan(1900);
    expect(eu.runtime.elapsed() - inEu).toBeLessThan(2100);
    expect(await us.decisions.find(younger.id, 1)).toMatchObject({ state: 'aborted', final: false });
  });
});

import { describe, expect, it } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import {
  defineDomain,
  defineStream,
  MeridianError,
  parseAttemptId,
  strongTypes,
  toProblem,
  withSharedLog,
} from '../../../core/index.ts';
import { readStream } from '../../../core/read/streams.ts';
import { participateStep } from '../../../core/transaction/participate.ts';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { resolveMessages } from '../../../core/transaction/resolver.ts';
import { encodeResolverMessage } from '../../../core/wire/resolver.ts';
import { decodeVersionToken, encodeVersionToken } from '../../../core/wire/version-token.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, watched } from '../a-region.ts';
import { callsOf, deposit, refusal, withdraw } from '../write/append-fixture.ts';

const { home: _home, ...common } = account;
const till = defineStream({ ...common, type: 'till', mode: 'strong' });
const domain = defineDomain({ streams: [till, note, account], views: [] });
const TILL = 'till/one';

/** Two Regions with tables of their own, and one table of strong streams and of decisions. */
function twoRegions() {
  const strong = memoryEventStore();
  let fault: MeridianError | undefined;
  const failing = watched(strong, async () => {
    if (fault) throw fault;
  });
  const us = aRegion('us', fakeRuntime(), domain);
  const eu = { ...aRegion('eu', us.runtime, domain), decisions: us.decisions };
  const joined = [us, eu].map((region) => ({
    ...region,
    events: watched(withSharedLog(region.table, failing, strongTypes(domain))),
  }));
  const [first, second] = joined;
  if (!first || !second) throw new Error('There are two.');
  return {
    ...{ us: first, eu: second, strong },
    fail: (error?: MeridianError) => {
      fault = error;
    },
  };
}

type Regions = ReturnType<typeof twoRegions>;

const noMajority = new MeridianError('unavailable', 'No majority.', { retryable: true });

async function open(region: Regions['us'], amount = 100) {
  return appendToStream(region, anAppend({ stream: TILL, operation: deposit(amount) }));
}

const ATTEMPT = 'us:order-1#1';

async function hold(region: Regions['us'], remaining = 30_000) {
  return prepareIntent(region, {
    ...{ ...parseAttemptId(ATTEMPT), fingerprint: 'digest-of-the-request', remaining, meta: {} },
    participant: { stream: TILL, operation: withdraw(10) },
  });
}

function committed() {
  const participants = [{ stream: TILL, log: 'global', position: 2, version: { global: 2 } }];
  return aDecision({ transaction: 'us:order-1', participants });
}

describe('a strong stream', () => {
  it('has one log, whichever Region writes, and what each decides is based on all before it', async () => {
    const { us, eu, strong } = twoRegions();
    const appended = await open(us);
    expect(appended).toMatchObject({ dot: { log: 'global', position: 1 }, version: { global: 1 } });
    await appendToStream(eu, anAppend({ stream: TILL, operation: withdraw(60) }));
    await expect(appendToStream(us, anAppend({ stream: TILL, operation: withdraw(60) }))).rejects.toThrow(
      refusal('rejected'),
    );
    expect((await strong.load(TILL)).map(({ region, context }) => [region, context])).toEqual([
      ['us', {}],
      ['eu', { global: 1 }],
    ]);
    expect(await us.table.load(TILL)).toEqual([]);
    expect(await readStream(us, TILL)).toMatchObject({ state: 40, mode: 'strong', version: { global: 2 } });
  });

  it('costs one put warm, a load and a put cold, and one more put and one read if another Region has its position', async () => {
    const { us, eu } = twoRegions();
    const put = (region: Regions['us']) => callsOf(region, () => open(region, 1));
    expect(await put(us)).toEqual(['load', 'put']);
    expect(await put(us)).toEqual(['put']);
    await open(eu, 1);
    us.runtime.advance(3_600_000);
    expect(await put(us)).toEqual(['put', 'loadLog', 'put']);
  });

  it('gives the same result to a retry in another Region, and refuses another expected version', async () => {
    const { us, eu, strong } = twoRegions();
    const append = anAppend({ stream: TILL, commitId: 'one', operation: deposit(5) });
    const first = await appendToStream(us, append);
    expect(await appendToStream(eu, append)).toEqual(first);
    expect(await strong.load(TILL)).toHaveLength(1);
    const stale = anAppend({ stream: TILL, operation: deposit(5), expected: {} });
    await expect(appendToStream(eu, stale)).rejects.toThrow(refusal('version-conflict'));
    const token = encodeVersionToken(TILL, { global: 2 });
    const atLeast = decodeVersionToken(TILL, token, 'If-At-Least');
    await expect(readStream(eu, TILL, { atLeast })).rejects.toThrow('its log global has 1 positions, not 2');
    await expect(readStream(eu, TILL, { atLeast: { us: 1 } })).rejects.toThrow('no Region writes the log us');
  });

  it('repeats a put unchanged whose answer is lost, and writes it once', async () => {
    const { us, strong } = twoRegions();
    await open(us);
    let lost = 0;
    const events = {
      ...us.events,
      put: async (commit: Parameters<typeof strong.put>[0]) => {
        const taken = await strong.put(commit);
        if (lost++ === 0) throw noMajority;
        return taken;
      },
    };
    expect(await appendToStream({ ...us, events }, anAppend({ stream: TILL, operation: deposit(5) }))).toMatchObject({
      dot: { position: 2 },
    });
    expect(lost).toBe(2);
    expect(await strong.load(TILL)).toHaveLength(2);
  });

  it('cannot be written or read without a majority, apart from the local replica; other streams can', async () => {
    const { us, fail } = twoRegions();
    await open(us);
    fail(noMajority);
    await expect(open(us)).rejects.toThrow(refusal('quorum-unreachable', { retryable: true }));
    await expect(readStream(us, TILL)).rejects.toThrow(refusal('quorum-unreachable', { status: 503 }));
    await appendToStream(us, anAppend({ stream: 'account/us.1', operation: deposit(5) }));
    fail(new MeridianError('internal', 'The item is broken.'));
    await expect(open(us)).rejects.toThrow(refusal('internal'));
    fail();
    const local = await readStream(us, TILL, { consistency: 'local' });
    expect(local).toMatchObject({ state: 100, local: true });
    expect(await readStream(us, 'account/us.1', { consistency: 'local' })).not.toHaveProperty('local');
  });

  it('is waited for by a local read that names a version which its replica does not show', async () => {
    const { us } = twoRegions();
    await open(us);
    const asked = { consistency: 'local', atLeast: { global: 2 }, waitMs: 500 } as const;
    await expect(readStream(us, TILL, asked)).rejects.toThrow(refusal('not-caught-up'));
  });

  it('has no commands that only one Region decides', () => {
    const { deposit: made } = till.commands;
    const commands = { ...till.commands, deposit: { ...made, home: () => 'us' } };
    expect(() => defineStream({ ...till, commands })).toThrow('Every Region decides the commands of a strong stream.');
    expect(() => defineStream({ ...account, commands: { ...account.commands, deposit: commands.deposit } })).toThrow(
      'A home stream has one.',
    );
  });

  it('refuses events, ids and commands as any other stream', async () => {
    const { us } = twoRegions();
    await expect(appendToStream(us, anAppend({ stream: TILL, operation: command('burn', {}) }))).rejects.toThrow(
      refusal('unknown-command'),
    );
    const picky = defineStream({
      ...till,
      checkId: (id) => {
        throw new MeridianError('rejected', `No ${id}.`);
      },
    });
    const ports = { ...us, domain: defineDomain({ streams: [picky], views: [] }) };
    await expect(appendToStream(ports, anAppend({ stream: TILL, operation: deposit(1) }))).rejects.toThrow('No one.');
  });
});

describe('a transaction on a strong stream', () => {
  it('is prepared and made final in the Region that drives it', async () => {
    const { us, strong } = twoRegions();
    await open(us);
    expect(await hold(us)).toMatchObject({ kind: 'prepared', log: 'global', position: 2, region: 'us' });
    const intent = { stream: TILL, region: 'eu', log: 'global', position: 2, commitId: ATTEMPT, state: 'committed' };
    await us.decisions.put(committed());
    expect(await participateStep(us, { step: 'finalise', intent })).toEqual({ kind: 'finalised' });
    expect((await strong.at(TILL, 'global', 2))?.tx?.state).toBe('committed');
  });

  it('is shown everywhere once it is decided, and a read fails that cannot learn the decision', async () => {
    const { us, eu } = twoRegions();
    await open(us);
    await hold(us);
    expect(await readStream(eu, TILL)).toMatchObject({ state: 100 });
    await us.decisions.put(committed());
    expect(await readStream(eu, TILL)).toMatchObject({ state: 90 });
    const decisions = { ...eu.decisions, find: () => Promise.reject(noMajority) };
    await expect(readStream({ ...eu, decisions }, TILL)).rejects.toThrow(refusal('quorum-unreachable'));
    let tries = 0;
    const slow = {
      ...eu.decisions,
      find: () => (tries++ === 0 ? Promise.reject(noMajority) : eu.decisions.find('us:order-1', 1)),
    };
    expect(await readStream({ ...eu, decisions: slow }, TILL)).toMatchObject({ state: 90 });
    const broken = { ...eu.decisions, find: () => Promise.reject(new Error('a bug')) };
    await expect(readStream({ ...eu, decisions: broken }, TILL)).rejects.toThrow('a bug');
    const asked: unknown[] = [];
    const local = {
      ...eu.decisions,
      find: async (...of: unknown[]) => {
        asked.push(of.at(-1));
        return undefined;
      },
    };
    expect(await readStream({ ...eu, decisions: local }, TILL, { consistency: 'local' })).toMatchObject({ state: 100 });
    expect(asked).toEqual([{ read: 'local' }]);
  });

  it('is made final by any Region that writes the stream after it', async () => {
    const { us, eu, strong } = twoRegions();
    await open(us);
    await hold(us);
    await us.decisions.put(committed());
    await appendToStream(eu, anAppend({ stream: TILL, operation: withdraw(90) }));
    expect((await strong.load(TILL)).map(({ tx }) => tx?.state)).toEqual([undefined, 'committed', undefined]);
  });

  it('is aborted by the resolver of another Region, whatever its clock says', async () => {
    const { us, eu, strong } = twoRegions();
    await open(us);
    await hold(us);
    const body = encodeResolverMessage({
      ...{ kind: 'intent', stream: TILL, log: 'global', position: 2, attemptId: ATTEMPT },
    });
    expect(await resolveMessages(us, [body])).toEqual([`${ATTEMPT} is undecided, and its deadline has not passed`]);
    expect(await resolveMessages(eu, [body])).toEqual([undefined]);
    expect((await strong.at(TILL, 'global', 2))?.tx?.state).toBe('aborted');
    expect(await us.decisions.find('us:order-1', 1)).toMatchObject({ state: 'aborted' });
  });

  it('is ended permanently by the resolver of another Region, and as busy by a writer that waits there: no clocks are compared', async () => {
    const { us, eu, strong } = twoRegions();
    await open(us);
    await hold(us, 240_000);
    const runtime = fakeRuntime();
    runtime.advance(60_000);
    const waiting = { ...eu, runtime };
    const before = runtime.elapsed();
    await appendToStream(waiting, anAppend({ stream: TILL, operation: deposit(1) }));
    expect(runtime.elapsed() - before).toBeGreaterThanOrEqual(2_000);
    expect(await us.decisions.find('us:order-1', 1)).toMatchObject({ final: false, remaining: expect.any(Number) });
    expect((await strong.at(TILL, 'global', 2))?.tx?.state).toBe('aborted');

    const other = twoRegions();
    await open(other.us);
    await hold(other.us, 240_000);
    const body = encodeResolverMessage({
      ...{ kind: 'intent', stream: TILL, log: 'global', position: 2, attemptId: ATTEMPT },
    });
    const behind = fakeRuntime();
    behind.advance(-3_600_000);
    expect(await resolveMessages({ ...other.eu, runtime: behind }, [body])).toEqual([undefined]);
    expect(await other.us.decisions.find('us:order-1', 1)).toMatchObject({ state: 'aborted', final: true });
  });

  it('waits for a majority as for any service: its step is repeated', async () => {
    const { us, fail } = twoRegions();
    await open(us);
    fail(noMajority);
    us.warm.clear();
    await expect(hold(us)).rejects.toThrow(refusal('quorum-unreachable'));
    expect(toProblem(noMajority)).toMatchObject({ retryable: true });
  });
});

describe('the tables of all streams', () => {
  it('are scanned one after the other, each commit once', async () => {
    const { us, strong } = twoRegions();
    await us.table.put(aCommit({ stream: 'note/a', log: 'us', region: 'us' }));
    for (let position = 1; position <= 3; position++)
      await strong.put(aCommit({ stream: TILL, log: 'global', position }));
    await us.table.putDecision(anAbort({ transaction: 'us:a' }));
    const found: string[] = [];
    let outcomes = 0;
    let pages = 0;
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await us.events.scan(0, 1, cursor, 2);
      found.push(...page.commits.map(({ stream, position }) => `${stream} ${position}`));
      outcomes += page.outcomes.length;
      cursor = page.cursor;
      pages++;
    }
    expect(found).toEqual(['note/a 1', `${TILL} 1`, `${TILL} 2`, `${TILL} 3`]);
    expect([outcomes, pages]).toEqual([1, 3]);
  });

  it('take each call to the table that has its log', async () => {
    const { us, strong } = twoRegions();
    const own = aCommit({ stream: 'note/a', log: 'us', region: 'us' });
    const shared = aCommit({ stream: TILL, log: 'global', tx: { state: 'prepared', deadline: 1 } });
    expect(await us.events.put(own)).toBeUndefined();
    expect(await us.events.put(shared)).toBeUndefined();
    expect(await us.events.at('note/a', 'us', 1)).toEqual(own);
    expect(await us.events.mark(shared, { transaction: 'us:a', began: 1 })).toMatchObject({
      tx: { next: { began: 1 } },
    });
    expect(await us.events.taken([{ stream: 'note/a', log: 'us', position: 1 }])).toEqual([true]);
    expect(await us.events.loadLog(TILL, 'global', 0)).toHaveLength(1);
    expect((await us.events.loadFirst(TILL, {}, 5)).commits).toHaveLength(1);
    expect((await us.events.loadFirst('note/a', {}, 5)).commits).toEqual([own]);
    await us.events.finalise(shared, 'aborted');
    expect((await strong.load(TILL))[0]?.tx?.state).toBe('aborted');
    expect(
      await us.events.transact({ commits: [], free: [], decision: anAbort({ transaction: 'us:b' }) }),
    ).toBeUndefined();
    expect(await us.events.findDecision('us:b')).toBeDefined();
    expect(await us.events.putDecision(anAbort({ transaction: 'us:b' }))).toBeDefined();
  });
});

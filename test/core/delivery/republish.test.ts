import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { republishStep } from '../../../core/delivery/republish.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import type { Decision } from '../../../core/facts/decision.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import type { Bus } from '../../../core/ports/bus.ts';
import type { DelayedMessage } from '../../../core/ports/delayed-queue.ts';
import type { Ledger } from '../../../core/ports/ledger.ts';
import type { BatchAnswer } from '../../../core/ports/queue.ts';
import { resolveMessages } from '../../../core/transaction/resolver.ts';
import type { BusEntry } from '../../../core/wire/bus.ts';
import { operatorActions } from '../../../core/wire/operate.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aBusyAttempt, aDecision, aPromise } from '../../contract/decisions.ts';
import { anEntry } from '../../contract/ledger.contract.ts';
import { fakeRuntime } from '../../runtime.ts';
import { aRegion } from '../a-region.ts';
import { unconcerned } from '../unconcerned.ts';

const since = '2001-01-02T00:00:00Z';
function at(hours: number): string {
  return nextStamp(Date.parse(since) + hours * 3_600_000);
}

function noting(stream: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: `note/${stream}`,
    log: 'us',
    region: 'us',
    hlc: at(1),
    events: [{ type: 'Noted', schemaVersion: 1, data: { text: stream } }],
    ...of,
  });
}

function idOf({ detail }: BusEntry): string {
  return z.object({ id: z.string() }).parse(JSON.parse(detail)).id;
}

/** What notices that all commits had not seen another one, and a queue that keeps the messages, or refuses them. */
function aListing(refuses = false, ledger: Pick<Ledger, 'ofStream'> = memoryLedger()) {
  const bodies: string[] = [];
  const regions = ['us', 'eu'];
  return {
    bodies,
    domain: toyDomain,
    ...{ region: 'us', regions, log: 'us', logs: regions, runtime: fakeRuntime() },
    events: { taken: async (places: readonly unknown[]) => places.map(() => true) },
    ledger: { watched: async () => new Set<string>(), ofStream: (stream: string) => ledger.ofStream(stream) },
    lookAgain: unconcerned.lookAgain,
    projection: {
      send: async (batch: readonly string[]) => {
        if (!refuses) bodies.push(...batch);
        return batch.map(() => (refuses ? 'refused' : undefined));
      },
    },
  };
}

/** A Region with these commits and decisions, and a bus that keeps the ids of accepted entries. */
function aPublisher(
  commits: readonly Commit[],
  refuses: (id: string) => boolean = () => false,
  decisions: readonly Decision[] = [],
) {
  const us = aRegion();
  for (const commit of commits) us.table.replicate(commit);
  for (const decision of decisions) us.decisions.replicate(decision);
  const ids: string[] = [];
  const quarantined: string[] = [];
  const quarantine = {
    send: async (bodies: readonly string[]): Promise<BatchAnswer> => {
      quarantined.push(...bodies);
      return bodies.map(() => undefined);
    },
  };
  const bus: Bus = {
    put: async (entries) =>
      entries.map((entry) => {
        if (idOf(entry).includes('poison')) return { permanent: 'MalformedDetail' };
        if (refuses(idOf(entry))) return 'Throttled';
        ids.push(idOf(entry));
        return undefined;
      }),
  };
  const armed: DelayedMessage[] = [];
  const resolver = {
    send: async (messages: readonly DelayedMessage[]): Promise<BatchAnswer> => {
      armed.push(...messages);
      return messages.map(() => undefined);
    },
  };
  return { ...us, bus, ids, quarantine, quarantined, resolver, armed };
}

/** A resolver's queue that refuses every message. */
const deaf = { send: async (messages: readonly DelayedMessage[]) => messages.map(() => 'Throttled') };

function step(of: Record<string, unknown> = {}) {
  return operatorActions['republish-step'].request.parse({ since, segment: 0, segments: 1, ...of });
}

/** Steps until the segment is done, or something was refused. */
async function all(ports: Parameters<typeof republishStep>[0], of: Record<string, unknown> = {}) {
  const total = { scanned: 0, published: 0, scheduled: 0, failed: 0 };
  let refused = 0;
  let cursor: string | undefined;
  do {
    const answer = await republishStep(ports, step({ ...of, ...(cursor !== undefined && { cursor }) }));
    total.scanned += answer.scanned;
    total.published += answer.published;
    refused += answer.refused ?? 0;
    total.scheduled += answer.scheduled ?? 0;
    total.failed += answer.failed;
    cursor = answer.cursor;
  } while (cursor !== undefined && total.failed === 0);
  return { ...total, ...(refused > 0 && { refused }), cursor };
}

describe('republish', () => {
  it('of a lost Region publishes what it wrote and has arrived, and nothing else', async () => {
    const theirs = { log: 'eu', region: 'eu' };
    const us = aPublisher(
      [
        noting('mine'),
        noting('theirs', theirs),
        noting('old', { ...theirs, hlc: at(-1) }),
        noting('open', { ...theirs, tx: { state: 'prepared', deadline: 1 } }),
        noting('shared', { ...theirs, log: 'global' }),
      ],
      undefined,
      [aDecision({ transaction: 'us:t', decidedAt: Date.parse(since) + 1 })],
    );
    const listing = aListing();
    expect(await all({ ...us, listing }, { of: 'eu', dryRun: true })).toMatchObject({ published: 1 });
    expect(us.ids).toEqual([]);
    const counts = { scanned: 5, published: 1, scheduled: 0, failed: 0, cursor: undefined };
    expect(await all({ ...us, listing }, { of: 'eu' })).toEqual(counts);
    expect(us.ids).toEqual([expect.stringContaining('note/theirs')]);
    expect([us.armed, listing.bodies]).toEqual([[], []]);
    expect(await all(us, { of: 'elsewhere' })).toEqual({ ...counts, published: 0 });
  });

  it('has conflicts listed again, of all commits since then that are final', async () => {
    const us = aPublisher([
      noting('a'),
      noting('b', { log: 'eu', region: 'eu' }),
      noting('old', { hlc: at(-1) }),
      noting('open', { tx: { state: 'prepared', deadline: 1 } }),
    ]);
    const listing = aListing();
    await republishStep({ ...us, listing }, step());
    expect(listing.bodies.map((body) => JSON.parse(body))).toEqual([{ concurrent: ['note/a', 'note/b'] }]);
    const dry = aListing();
    await republishStep({ ...us, listing: dry }, step({ dryRun: true }));
    expect(dry.bodies).toEqual([]);
    expect(await republishStep({ ...us, listing: aListing(true) }, step())).toMatchObject({ failed: 2 });
  });

  it('announces the listed conflicts again that a commit since then takes part in, or has resolved, if this Region keeps them', async () => {
    const us = aPublisher([noting('a'), noting('old', { hlc: at(-1) }), noting('old', { position: 2 })]);
    const ledger = memoryLedger();
    const commitOf = (position: number) => ({ ...anEntry().commit, log: 'us', region: 'us', position });
    const resolvedBy = { log: 'us', position: 2, commitId: 'c', region: 'us' };
    const kept = [
      anEntry({ stream: 'note/a', writer: 'us', commit: commitOf(1) }),
      anEntry({ stream: 'note/a', writer: 'us', commit: commitOf(7) }),
      anEntry({ stream: 'note/a', writer: 'eu', commit: commitOf(1) }),
      anEntry({ stream: 'note/old', writer: 'us', commit: commitOf(1) }),
      anEntry({ stream: 'note/old', writer: 'us', commit: commitOf(3), resolvedBy }),
    ];
    for (const entry of kept) await ledger.put(entry);
    const own = ['conflict/note/a@us.1.1', 'conflict/note/old@us.3.1'];
    const listing = aListing(false, ledger);
    expect(await republishStep({ ...us, listing }, step({ dryRun: true }))).toMatchObject({ published: 4 });
    expect(us.ids).toEqual([]);
    expect(await republishStep({ ...us, listing }, step())).toMatchObject({ published: 4, failed: 0 });
    expect(us.ids.filter((id) => id.startsWith('conflict/'))).toEqual(own);
  });

  it('quarantines an event that the bus refuses permanently, and continues after it', async () => {
    const us = aPublisher([noting('poison'), noting('poisoned-too', { position: 2 }), noting('fine', { position: 3 })]);
    expect(await all(us)).toEqual({ scanned: 3, published: 1, refused: 2, scheduled: 0, failed: 0 });
    expect(us.ids).toHaveLength(1);
    expect(us.quarantined).toHaveLength(2);
  });

  it('publishes the events that were written here since a time, with their original ids', async () => {
    const us = aPublisher([
      noting('old', { hlc: at(-1) }),
      noting('on-time', { hlc: at(0) }),
      noting('elsewhere', { log: 'eu', region: 'eu' }),
      noting('two', {
        position: 3,
        events: ['a', 'b'].map((text) => ({ type: 'Noted', schemaVersion: 1, data: { text } })),
      }),
      noting('empty', { events: [] }),
    ]);
    expect(await all(us)).toEqual({ scanned: 5, published: 3, scheduled: 0, failed: 0 });
    expect(us.ids.sort()).toEqual(['note/on-time@us.1.0', 'note/two@us.3.0', 'note/two@us.3.1']);
    expect(us.runtime.metrics.get('Published')).toBe(3);
  });

  it('reads every segment of the table once', async () => {
    const commits = Array.from({ length: 250 }, (_, i) => noting(`${i}`));
    const us = aPublisher(commits);
    const answers = await Promise.all([0, 1, 2].map((segment) => all(us, { segment, segments: 3 })));
    expect(answers.reduce((sum, { scanned }) => sum + scanned, 0)).toBe(250);
    expect(us.ids.sort()).toEqual(commits.map(({ stream }) => `${stream}@us.1.0`).sort());
  });

  it('only counts in a dry run', async () => {
    const us = aPublisher([noting('1'), noting('2'), noting('3', { hlc: at(-1) })]);
    expect(await all(us, { dryRun: true })).toEqual({ scanned: 3, published: 2, scheduled: 0, failed: 0 });
    expect(us.ids).toEqual([]);
  });

  it('stops before an entry that the bus refuses, and starts with that entry when it continues', async () => {
    for (const count of [50, 250]) {
      let broken = true;
      const us = aPublisher(
        Array.from({ length: count }, (_, i) => noting(`${1000 + i}`)),
        (id) => broken && id === `note/${1000 + count - 7}@us.1.0`,
      );
      const stopped = await all(us);
      expect(stopped).toMatchObject({ failed: 1, published: count - 1, cursor: expect.any(String) });
      broken = false;
      us.ids.length = 0;
      expect(await all(us)).toMatchObject({ failed: 0, published: count });
      const again = await republishStep(us, step({ cursor: stopped.cursor }));
      expect(again).toMatchObject({ failed: 0, published: 50 });
      expect(again.cursor).toBe('transactions:');
      expect(us.ids).toContain(`note/${1000 + count - 7}@us.1.0`);
    }
  });

  it('ends a step after 10 s, and the next step continues there', async () => {
    const us = aPublisher(Array.from({ length: 250 }, (_, i) => noting(`${i}`)));
    const bus: Bus = {
      put: (entries) => {
        us.runtime.advance(600);
        return us.bus.put(entries);
      },
    };
    const first = await republishStep({ ...us, bus }, step());
    expect(first).toMatchObject({ scanned: 200, published: 200 });
    expect(await republishStep({ ...us, bus }, step({ cursor: first.cursor }))).toEqual({
      ...{ scanned: 50, published: 50, scheduled: 0, failed: 0 },
      cursor: 'transactions:',
    });
    expect(new Set(us.ids).size).toBe(250);
  });

  it('publishes twice if a step is repeated: consumers deduplicate by id', async () => {
    const us = aPublisher([noting('1')]);
    for (let i = 0; i < 2; i++) await republishStep(us, step());
    expect(us.ids).toEqual(['note/1@us.1.0', 'note/1@us.1.0']);
  });

  it('has the resolver check the intents that were prepared here since a time', async () => {
    const intent = (id: string, of: Partial<Commit> = {}) =>
      noting(id, {
        ...anIntent(),
        stream: `note/${id}`,
        log: 'us',
        region: 'us',
        hlc: at(1),
        commitId: 'us:a#1',
        ...of,
      });
    const us = aPublisher([
      intent('new'),
      intent('old', { hlc: at(-1) }),
      intent('foreign', { region: 'eu' }),
      noting('1'),
    ]);
    expect(await all(us)).toEqual({ scanned: 4, published: 1, scheduled: 1, failed: 0 });
    expect(us.armed.map(({ body }) => JSON.parse(body).stream)).toEqual(['note/new']);
    const stopped = await republishStep({ ...us, resolver: deaf }, step());
    expect(stopped).toEqual({ scanned: 4, published: 1, scheduled: 0, failed: 1, cursor: '' });
    expect(await republishStep({ ...us, resolver: deaf }, step({ dryRun: true }))).toMatchObject({
      ...{ scanned: 4, published: 1, scheduled: 1, failed: 0 },
    });
  });

  it.each([
    ['an invalid time', { since: 'yesterday' }, 'since'],
    ['a time without a zone', { since: '2001-01-02T00:00:00' }, 'since'],
    ['a segment that does not exist', { segment: 3, segments: 3 }, 'segment'],
    ['no segments', { segments: 0 }, 'segments'],
    ['an unknown property', { all: true }, ''],
  ])('refuses a request with %s', (_, of, path) => {
    const { error } = operatorActions['republish-step'].request.safeParse({ since, segment: 0, segments: 3, ...of });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});

describe('republish, for the transactions of a Region,', () => {
  const now = Date.parse(since) + 7_200_000;
  /** A Region with these decisions, two hours after `since`. */
  function aDriver(decisions: readonly Decision[], commits: readonly Commit[] = []) {
    const us = aPublisher(commits, undefined, decisions);
    us.runtime.advance(now - us.runtime.now());
    return us;
  }
  const decidedAt = now - 3_600_000;
  const promised = (key: string, of: Partial<Decision> = {}) =>
    aPromise({ transaction: `us:${key}`, region: 'us', decidedAt, ...of });
  const busy = (key: string, attempt: number, of: Partial<Decision> = {}) =>
    aBusyAttempt({ transaction: `us:${key}`, attempt, region: 'us', decidedAt, ...of });
  const attemptsIn = (messages: readonly DelayedMessage[]) =>
    messages
      .map(({ body }) => z.object({ transaction: z.string(), attempt: z.number() }).parse(JSON.parse(body)))
      .map(({ transaction, attempt }) => `${transaction}#${attempt}`)
      .sort();

  it('has the resolver check those that are promised or busy since a time, and not decided', async () => {
    const us = aDriver([
      promised('promised'),
      promised('on-time', { decidedAt: Date.parse(since) }),
      ...[promised('busy'), busy('busy', 1), busy('busy', 2)],
      ...[promised('decided'), busy('decided', 1), aDecision({ transaction: 'us:decided', attempt: 2, decidedAt })],
      // Its deadline was before that time.
      promised('old', { decidedAt: Date.parse(since) - 30_001 }),
    ]);
    expect(await all(us)).toEqual({ scanned: 0, published: 1, scheduled: 3, failed: 0 });
    expect(attemptsIn(us.armed)).toEqual(['us:busy#3', 'us:on-time#1', 'us:promised#1']);
    expect(us.ids).toEqual(['tx/us:decided']);
  });

  it('checks those that the Region drives, whichever Region wrote the record; each Region its own', async () => {
    const decisions = [
      busy('ended-by-a-waiter', 1, { region: 'eu' }),
      busy('other', 1, { transaction: 'eu:other' }),
      promised('theirs', { transaction: 'eu:theirs', region: 'eu' }),
    ];
    const [us, eu] = [aDriver(decisions), { ...aDriver(decisions), region: 'eu' }];
    await Promise.all([all(us), all(eu)]);
    expect(attemptsIn(us.armed)).toEqual(['us:ended-by-a-waiter#2']);
    expect(attemptsIn(eu.armed)).toEqual(['eu:other#2', 'eu:theirs#1']);
  });

  it('waits for the deadline of one that may still run', async () => {
    const us = aDriver([promised('late'), promised('running', { decidedAt: now, remaining: 20_000 })]);
    await all(us);
    expect(us.armed.map(({ delay }) => delay).sort()).toEqual([1000, 21_000]);
  });

  it('only counts in a dry run', async () => {
    const us = aDriver([promised('1'), busy('2', 1), promised('old', { decidedAt: 0 })]);
    expect(await all(us, { dryRun: true })).toMatchObject({ scheduled: 2, failed: 0 });
    expect(us.armed).toEqual([]);
  });

  it('reads every segment of the table once, after the events', async () => {
    const keys = Array.from({ length: 250 }, (_, i) => `${i}`);
    const us = aDriver(
      keys.map((key) => promised(key)),
      [noting('1')],
    );
    const answers = await Promise.all([0, 1, 2].map((segment) => all(us, { segment, segments: 3 })));
    expect(answers.reduce((sum, { scheduled }) => sum + scheduled, 0)).toBe(250);
    expect(attemptsIn(us.armed)).toEqual(keys.map((key) => `us:${key}#1`).sort());
    expect(us.ids).toEqual(['note/1@us.1.0']);
  });

  it('ends a step after 10 s, and the next step continues there', async () => {
    const us = aDriver(Array.from({ length: 250 }, (_, i) => promised(`${i}`)));
    const resolver = {
      send: (messages: readonly DelayedMessage[]) => {
        us.runtime.advance(600);
        return us.resolver.send(messages);
      },
    };
    const first = await republishStep({ ...us, resolver }, step({ cursor: 'transactions:' }));
    expect(first).toMatchObject({ scheduled: 200, cursor: expect.stringMatching(/^transactions:./) });
    expect(await republishStep({ ...us, resolver }, step({ cursor: first.cursor }))).toEqual({
      ...{ scanned: 0, published: 0, scheduled: 50, failed: 0 },
    });
    expect(new Set(attemptsIn(us.armed)).size).toBe(250);
  });

  it('stops at the page that the queue refuses, and starts with that page when it continues', async () => {
    for (const count of [50, 150]) {
      const us = aDriver(Array.from({ length: count }, (_, i) => promised(`${1000 + i}`)));
      let sent = 0;
      const failing = {
        send: (messages: readonly DelayedMessage[]) => (sent++ < count / 10 - 5 ? us.resolver : deaf).send(messages),
      };
      const stopped = await all({ ...us, resolver: failing });
      expect(stopped).toMatchObject({ scheduled: count - 50, failed: 50, cursor: expect.any(String) });
      expect(await republishStep(us, step({ cursor: stopped.cursor }))).toEqual({
        ...{ scanned: 0, published: 0, scheduled: 50, failed: 0 },
      });
      expect(new Set(attemptsIn(us.armed)).size).toBe(count);
    }
  });

  it('publishes the outcomes that were decided since a time again, under their ids, those of one Region included', async () => {
    const final = (key: string, of: Partial<Decision> = {}) =>
      aDecision({ transaction: `us:${key}`, region: 'us', decidedAt, ...of });
    const us = aDriver([
      final('several'),
      final('old', { decidedAt: Date.parse(since) - 1 }),
      final('elsewhere', { transaction: 'eu:elsewhere' }),
      promised('open'),
    ]);
    await us.table.putDecision(final('one-region'));
    await us.table.putDecision(final('one-region-old', { decidedAt: Date.parse(since) - 1 }));
    expect(await all(us, { dryRun: true })).toMatchObject({ published: 2, failed: 0 });
    expect(us.ids).toEqual([]);
    expect(await all(us)).toMatchObject({ published: 2, scheduled: 1, failed: 0 });
    expect(us.ids.sort()).toEqual(['tx/us:one-region', 'tx/us:several']);
  });

  it('stops before an outcome that the bus refuses, and starts with its page when it continues', async () => {
    const us = aPublisher([], (id) => id === 'tx/us:a', [aDecision({ transaction: 'us:a', region: 'us', decidedAt })]);
    expect(await all(us)).toMatchObject({ published: 0, failed: 1, cursor: 'transactions:' });
  });

  it('publishes all events first, even if the decisions are unavailable', async () => {
    const us = aDriver([promised('1')], [noting('1')]);
    const scan = () => Promise.reject(new MeridianError('unavailable', 'There is no majority.', { retryable: true }));
    const first = await republishStep({ ...us, decisions: { scan } }, step());
    expect(first).toMatchObject({ published: 1, failed: 0, cursor: 'transactions:' });
    const next = step({ cursor: first.cursor });
    await expect(republishStep({ ...us, decisions: { scan } }, next)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await republishStep(us, next)).toMatchObject({ scheduled: 1, failed: 0 });
  });

  it('ends each once if it is run twice, and late, and changes nothing that is decided by then', async () => {
    const us = aDriver([promised('lost'), busy('busy', 1), promised('decided')]);
    await all(us);
    await all(us);
    await us.decisions.put(aDecision({ transaction: 'us:decided', region: 'us' }));
    us.runtime.advance(86_400_000);
    const bodies = us.armed.map(({ body }) => body);
    expect(bodies).toHaveLength(6);
    expect(await resolveMessages(us, bodies)).toEqual(bodies.map(() => undefined));
    const states = async (key: string) =>
      (await us.decisions.attempts(`us:${key}`)).map(({ attempt, state, final }) => [attempt, state, final]);
    expect(await states('lost')).toEqual([
      [0, 'aborted', false],
      [1, 'aborted', true],
    ]);
    expect(await states('busy')).toEqual([
      [1, 'aborted', false],
      [2, 'aborted', true],
    ]);
    expect(await states('decided')).toEqual([
      [0, 'aborted', false],
      [1, 'committed', true],
    ]);
    await all(us);
    expect(us.armed).toHaveLength(6);
  });

  it('has one checked in vain whose decision is on the next page', async () => {
    const attempts = Array.from({ length: 101 }, (_, attempt) => busy('long', attempt));
    const us = aDriver([...attempts, aDecision({ transaction: 'us:long', attempt: 101, region: 'us', decidedAt })]);
    expect(await all(us)).toMatchObject({ scheduled: 1 });
    expect(await resolveMessages(us, [us.armed[0]?.body ?? ''])).toEqual([undefined]);
    expect(await us.decisions.attempts('us:long')).toHaveLength(102);
  });

  it('refuses a cursor that is not of the table', async () => {
    for (const cursor of ['transactions:somewhere', 'somewhere'])
      await expect(republishStep(aDriver([]), step({ cursor }))).rejects.toMatchObject({ code: 'validation' });
  });
});

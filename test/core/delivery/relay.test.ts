import { describe, expect, it } from 'vitest';
import { memorySightings } from '../../../adapters/memory/sightings.ts';
import { type Change, type RelayPorts, relayChanges } from '../../../core/delivery/relay.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import type { DelayedMessage } from '../../../core/ports/delayed-queue.ts';
import type { BatchAnswer } from '../../../core/ports/queue.ts';
import type { Sightings } from '../../../core/ports/sightings.ts';
import { triggersOf } from '../../../core/view/trigger.ts';
import { announcementOf } from '../../../core/wire/announcement.ts';
import type { BusEntry } from '../../../core/wire/bus.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { conflictEntryOf } from '../../../core/wire/conflict-event.ts';
import { parseProjectionMessage, streamsOf } from '../../../core/wire/projection.ts';
import { parseQuarantined } from '../../../core/wire/quarantine.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aBusyAttempt, aDecision, anAbort, aPromise } from '../../contract/decisions.ts';
import { anEntry } from '../../contract/ledger.contract.ts';
import { fakeRuntime } from '../../runtime.ts';
import { unconcerned } from '../unconcerned.ts';

/** Accepts messages; refuses a message that matches `refuses` on each attempt, and throws if `throws` does. */
function sink<T>(refuses: (item: T) => boolean = () => false, throws: (batch: readonly T[]) => boolean = () => false) {
  const taken: T[] = [];
  const requests: (readonly T[])[] = [];
  const take = async (batch: readonly T[]): Promise<BatchAnswer> => {
    requests.push(batch);
    if (throws(batch)) throw new Error('There is no connection.');
    taken.push(...batch.filter((item) => !refuses(item)));
    return batch.map((item) => (refuses(item) ? 'refused' : undefined));
  };
  return { taken, requests, put: take, send: take };
}

function portsWith({
  bus = sink<BusEntry>(),
  projection = sink<string>(),
  quarantine = sink<string>(),
  resolver = sink<DelayedMessage>(),
  sightings = memorySightings(),
} = {}) {
  return {
    ...{ region: 'us', regions: ['us', 'eu'], log: 'us', logs: ['us', 'eu'] },
    ...unconcerned,
    projectedTypes: new Set(['note']),
    bus,
    projection,
    quarantine,
    resolver,
    sightings,
    runtime: fakeRuntime(),
  };
}

function events(count: number): Commit['events'] {
  return Array.from({ length: count }, (_, data) => ({ type: 'Noted', schemaVersion: 1, data }));
}

function aNote(of: Partial<Commit> = {}): Commit {
  return aCommit({ stream: 'note/n', log: 'us', region: 'us', ...of });
}

/** Relays commits; returns the commits that could not be sent completely. */
async function relayCommits(ports: RelayPorts, commits: readonly Commit[]): Promise<ReadonlySet<Commit>> {
  const unsent = await relayChanges(
    ports,
    commits.map((commit) => ({ commit })),
  );
  return new Set([...unsent].flatMap((change) => ('commit' in change ? change.commit : [])));
}

function keysOf(bodies: readonly string[]): readonly string[] {
  return triggersOf(bodies.map(parseProjectionMessage), []).map(
    ({ stream, log, position }) => `${stream}@${log}.${position}`,
  );
}

describe('relay', () => {
  it('puts only events of commits written here on the bus, in order', async () => {
    const ports = portsWith();
    const own = [aNote({ events: events(3) }), aNote({ position: 2, events: events(1) })];
    const foreign = aNote({ log: 'eu', region: 'eu' });
    expect(await relayCommits(ports, [...own, foreign])).toEqual(new Set());
    expect(ports.bus.taken).toEqual(own.flatMap(entriesOf));
    expect(ports.runtime.metrics).toEqual(new Map([['Published', 4]]));
  });

  it('decides by the Region that wrote a commit, not by the name of its log', async () => {
    const ports = portsWith();
    const own = aNote({ log: 'us.restored' });
    await relayCommits(ports, [own, aNote({ log: 'us', region: 'eu' })]);
    expect(ports.bus.taken).toEqual(entriesOf(own));
  });

  it('sends the projector the keys of commits of projected types, from every Region', async () => {
    const ports = portsWith();
    const commits = [
      aNote(),
      aNote({ log: 'eu', region: 'eu' }),
      aNote({ stream: 'account/us.1' }),
      aNote({ position: 2, events: [] }),
    ];
    await relayCommits(ports, commits);
    expect(keysOf(ports.projection.taken)).toEqual(['note/n@us.1', 'note/n@eu.1', 'note/n@us.2']);
  });

  it('only sends the key of what another Region wrote, and records its stamp', async () => {
    const ports = portsWith();
    const { stream, log, position, region, hlc, context } = aNote({ log: 'eu', region: 'eu' });
    expect(await relayChanges(ports, [{ arrival: { stream, log, position, region, hlc, context } }])).toEqual(
      new Set(),
    );
    expect(ports.projection.taken.map(parseProjectionMessage)).toEqual([{ keys: [{ stream, log, position }] }]);
    expect([ports.bus.taken, ports.resolver.taken]).toEqual([[], []]);
    expect(await ports.sightings.all()).toEqual(new Map([[region, hlc]]));
  });

  it('has the conflicts of commits listed that had not seen each other, and returns the commits of streams for which that cannot be sent', async () => {
    const taken = async (places: readonly unknown[]) => places.map(() => true);
    const ports = { ...portsWith(), events: { taken } };
    const [commit, other] = [aNote({ context: {} }), aNote({ stream: 'note/m', context: {} })];
    expect(await relayCommits(ports, [commit, other])).toEqual(new Set());
    const messages = ports.projection.taken.map(parseProjectionMessage);
    expect(messages).toContainEqual({ concurrent: ['note/n', 'note/m'] });
    expect(new Set(messages.flatMap(streamsOf))).toEqual(new Set(['note/n', 'note/m']));
    const projection = sink<string>((body) => body.includes('concurrent'));
    expect(await relayCommits({ ...ports, projection }, [commit])).toEqual(new Set([commit]));
  });

  it('has a stream looked at now and in 15 minutes for a commit in a log that it does not know, and returns the commit unless both are sent', async () => {
    const lookAgain = sink<DelayedMessage>();
    const ports = { ...portsWith(), lookAgain };
    const [strange, known] = [aNote({ log: 'eu-2', region: 'eu' }), aNote({ stream: 'note/m' })];
    expect(await relayCommits(ports, [strange, known])).toEqual(new Set());
    const body = JSON.stringify({ concurrent: ['note/n'] });
    expect(ports.projection.taken).toContain(body);
    expect(lookAgain.requests).toEqual([[{ body, delay: 900_000 }]]);
    const refusing = { ...ports, lookAgain: sink<DelayedMessage>(() => true) };
    expect(await relayCommits(refusing, [strange, known])).toEqual(new Set([strange]));
    const deaf = { ...ports, projection: sink<string>((one) => one.includes('concurrent')) };
    expect(await relayCommits(deaf, [strange, known])).toEqual(new Set([strange]));
  });

  it('announces each revision of a conflict in the Region that keeps its entry, and nowhere else', async () => {
    const ports = portsWith();
    const commit = { ...anEntry().commit, region: 'us' };
    const [open, closed, gone] = (['open', 'resolved', 'superseded'] as const).map((status, i) =>
      anEntry({ commit, writer: 'us', status, revision: i + 1 }),
    );
    const changes = [open, closed, gone].map((entry) => ({ conflict: entry ?? expect.fail('there is none') }));
    expect(await relayChanges(ports, [...changes, { conflict: anEntry({ writer: 'eu' }) }])).toEqual(new Set());
    expect(ports.bus.taken).toEqual(changes.map(({ conflict }) => conflictEntryOf(conflict)));
    expect([ports.projection.taken, ports.resolver.taken, ports.quarantine.taken]).toEqual([[], [], []]);
    expect(ports.runtime.metrics).toEqual(
      new Map([
        ['Published', 3],
        ['ConflictOpen', 1],
        ['ConflictResolved', 1],
      ]),
    );
  });

  it('returns a conflict that could not be announced, and does not count it', async () => {
    const ports = portsWith({ bus: sink<BusEntry>(() => true) });
    const change = { conflict: anEntry({ writer: 'us' }) };
    expect(await relayChanges(ports, [change])).toEqual(new Set([change]));
    expect(ports.runtime.metrics.has('ConflictResolved')).toBe(false);
  });

  it('puts 50 keys into a message', async () => {
    const ports = portsWith();
    await relayCommits(
      ports,
      Array.from({ length: 101 }, (_, i) => aNote({ position: i + 1 })),
    );
    expect(ports.projection.taken.map((body) => keysOf([body]).length)).toEqual([50, 50, 1]);
  });

  it('retries failed entries one by one, and returns the commits of those that never succeeded', async () => {
    const [good, bad, alsoGood] = [aNote(), aNote({ position: 2, events: events(3) }), aNote({ position: 3 })];
    const bus = sink<BusEntry>(({ detail }) => detail.includes('note/n@us.2.1'));
    const ports = portsWith({ bus });
    expect(await relayCommits(ports, [good, bad, alsoGood])).toEqual(new Set([bad]));
    expect(bus.requests.map(({ length }) => length)).toEqual([5, 1, 1, 1]);
    expect(ports.runtime.metrics).toEqual(
      new Map([
        ['Published', 4],
        ['PublishFailed', 1],
      ]),
    );
  });

  it('quarantines an entry that the bus refuses permanently, with the reason, and continues with the others', async () => {
    const [good, bad, alsoGood] = [aNote(), aNote({ position: 2, events: events(3) }), aNote({ position: 3 })];
    const ports = portsWith();
    const [, poison] = entriesOf(bad);
    const taken: BusEntry[] = [];
    const bus = {
      put: async (batch: readonly BusEntry[]) => {
        taken.push(...batch.filter(({ detail }) => detail !== poison?.detail));
        return batch.map(({ detail }) => (detail === poison?.detail ? { permanent: 'MalformedDetail: x' } : undefined));
      },
    };
    expect(await relayCommits({ ...ports, bus }, [good, bad, alsoGood])).toEqual(new Set());
    expect(taken).toEqual([good, bad, alsoGood].flatMap(entriesOf).filter(({ detail }) => detail !== poison?.detail));
    expect(ports.quarantine.taken.map(parseQuarantined)).toEqual([
      { reason: 'The bus refused it: MalformedDetail: x', entry: poison },
    ]);
    // It is not retried.
    expect(ports.runtime.slept).toEqual([]);
    expect(ports.runtime.metrics).toEqual(
      new Map([
        ['Published', 4],
        ['PublishRefused', 1],
      ]),
    );
  });

  it('returns the commit of an entry that the bus refuses permanently and the quarantine does not accept', async () => {
    const ports = portsWith({ quarantine: sink<string>(() => true) });
    const bus = { put: async (batch: readonly BusEntry[]) => batch.map(() => ({ permanent: 'MalformedDetail: x' })) };
    const commit = aNote();
    expect(await relayCommits({ ...ports, bus }, [commit])).toEqual(new Set([commit]));
    expect(ports.runtime.metrics).toEqual(
      new Map([
        ['Published', 0],
        ['PublishFailed', 1],
      ]),
    );
  });

  it('returns a decision with an impossible time, and publishes everything else', async () => {
    const ports = portsWith();
    const decision = aDecision({ transaction: 'us:broken', decidedAt: 1e20 });
    const [bad, good] = [{ decision }, { commit: aNote() }];
    expect(await relayChanges(ports, [bad, good])).toEqual(new Set([bad]));
    expect(ports.bus.taken).toEqual(entriesOf(good.commit));
    expect(ports.runtime.unexpectedErrors).toEqual([expect.any(RangeError)]);
  });

  it('does not report an entry that succeeded on the second attempt', async () => {
    let first = true;
    const bus = sink<BusEntry>(() => {
      const refused = first;
      first = false;
      return refused;
    });
    const ports = portsWith({ bus });
    expect((await relayCommits(ports, [aNote()])).size).toBe(0);
    expect(ports.runtime.metrics.get('PublishFailed')).toBeUndefined();
  });

  it('returns every commit that cannot be sent, and continues with the others', async () => {
    const bus = sink<BusEntry>(
      () => false,
      () => true,
    );
    const ports = portsWith({ bus });
    const [own, foreign] = [aNote(), aNote({ log: 'eu', region: 'eu' })];
    expect(await relayCommits(ports, [own, foreign])).toEqual(new Set([own]));
    expect(keysOf(ports.projection.taken)).toEqual(['note/n@us.1', 'note/n@eu.1']);
  });

  it('returns the commits whose keys could not be sent, and publishes their events anyway', async () => {
    const projection = sink<string>((body) => keysOf([body]).includes('note/n@us.1'));
    const ports = portsWith({ projection });
    const commits = Array.from({ length: 60 }, (_, i) => aNote({ position: i + 1 }));
    expect(await relayCommits(ports, commits)).toEqual(new Set(commits.slice(0, 50)));
    expect(ports.bus.taken).toHaveLength(60);
  });

  it('returns a commit once if both its events and its key could not be sent', async () => {
    const failing = { bus: sink<BusEntry>(() => true), projection: sink<string>(() => true) };
    const commit = aNote();
    expect([...(await relayCommits(portsWith(failing), [commit]))]).toEqual([commit]);
  });

  it('sends large events in requests that the bus accepts', async () => {
    const ports = portsWith();
    const large = events(4).map((event) => ({ ...event, data: 'x'.repeat(60_000) }));
    await relayCommits(ports, [aNote({ events: large })]);
    expect(ports.bus.requests.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  });

  it('resends nothing if the newest stamps could not be recorded', async () => {
    const record = () => Promise.reject(new Error('The views table is throttled.'));
    const ports = portsWith({ sightings: { ...memorySightings(), record } });
    expect(await relayCommits(ports, [aNote()])).toEqual(new Set());
    expect(ports.bus.taken).toHaveLength(1);
    expect(ports.runtime.metrics.get('SightingFailed')).toBe(1);
  });

  it('records the newest stamp of each Region, once', async () => {
    const kept = memorySightings();
    const records: string[] = [];
    const sightings: Sightings = {
      all: kept.all,
      record: async (region, hlc) => {
        records.push(`${region} ${hlc}`);
        await kept.record(region, hlc);
      },
    };
    const stamped = (region: string, hlc: string, position: number) => aNote({ log: region, region, hlc, position });
    const ports = portsWith({ sightings });
    await relayCommits(ports, [
      stamped('us', '05', 2),
      stamped('us', '03', 1),
      stamped('eu', '09', 1),
      stamped('us', '04', 3),
    ]);
    expect(records).toEqual(['us 05', 'eu 09']);
    await relayCommits(ports, [stamped('us', '04', 4)]);
    expect(await kept.all()).toEqual(
      new Map([
        ['us', '05'],
        ['eu', '09'],
      ]),
    );
  });
});

describe('relay, for transactions', () => {
  const now = fakeRuntime().now();
  const held = (state: 'prepared' | 'committed' | 'aborted', of: Partial<Commit> = {}): Commit =>
    anIntent({
      stream: 'note/n',
      log: 'us',
      region: 'us',
      commitId: 'us:a#1',
      tx: { state, deadline: now + 30_000 },
      ...of,
    });
  const bodies = (taken: readonly DelayedMessage[]) => taken.map(({ body, delay }) => [JSON.parse(body), delay]);

  it('has the resolver check intents prepared here, a second after their deadline', async () => {
    const ports = portsWith();
    const changes = [{ commit: held('prepared') }, { commit: held('prepared', { log: 'eu', region: 'eu' }) }];
    expect(await relayChanges(ports, changes)).toEqual(new Set());
    expect(bodies(ports.resolver.taken)).toEqual([
      [{ kind: 'intent', stream: 'note/n', log: 'us', position: 1, attemptId: 'us:a#1' }, 31_000],
    ]);
    expect([ports.bus.taken, ports.projection.taken]).toEqual([[], []]);
    expect(await ports.sightings.all()).toEqual(new Map());
  });

  it.each([
    ['is past', -1, 1000],
    ['is far', 10_000_000, 900_000],
  ])('uses only delays that the queue allows when the deadline %s', async (_what, from, delay) => {
    const ports = portsWith();
    await relayChanges(ports, [{ commit: held('prepared', { tx: { state: 'prepared', deadline: now + from } }) }]);
    expect(ports.resolver.taken.map((message) => message.delay)).toEqual([delay]);
  });

  it('publishes what any Region writes to the log of all Regions, and has intents there checked after the longest time', async () => {
    const shared = { log: 'global', region: 'eu' };
    const ports = portsWith();
    const prepared = anIntent({ ...shared, position: 2, commitId: 'eu:a#1', tx: { state: 'prepared', deadline: 1 } });
    await relayCommits(ports, [aNote(shared), prepared]);
    expect(ports.bus.taken).toEqual(entriesOf(aNote(shared)));
    expect(ports.resolver.taken.map(({ delay }) => delay)).toEqual([300_000]);
    const own = {
      ...prepared,
      region: 'us',
      tx: { state: 'prepared', deadline: ports.runtime.now() + 5_000 },
    } as const;
    await relayCommits(ports, [own]);
    expect(ports.resolver.taken.at(-1)?.delay).toBe(6_000);
  });

  it('publishes a committed intent but never an aborted one, and has both projected', async () => {
    const ports = portsWith();
    const committed = held('committed');
    await relayChanges(ports, [{ commit: committed }, { commit: held('aborted', { position: 2 }) }]);
    expect(ports.bus.taken).toEqual(entriesOf(committed));
    expect(keysOf(ports.projection.taken)).toEqual(['note/n@us.1', 'note/n@us.2']);
    expect(ports.resolver.taken).toEqual([]);
  });

  it('announces only the outcomes of transactions driven here, whichever Region decided', async () => {
    const ports = portsWith();
    const mine = [aDecision({ transaction: 'us:a', region: 'us' }), anAbort({ transaction: 'us:b', region: 'eu' })];
    const others = [aDecision({ transaction: 'eu:a', region: 'us' })];
    await relayChanges(
      ports,
      [...mine, ...others].map((decision) => ({ decision })),
    );
    expect(ports.bus.taken).toEqual(mine.map(announcementOf));
    expect(ports.resolver.taken).toEqual([]);
  });

  it.each([-600_000, 600_000])(
    'does not compare its clock with that of another Region, which ended an attempt: %d ms ahead',
    async (ahead) => {
      const ports = portsWith();
      const of = { transaction: 'us:a', began: now - 26_000, timeout: 30_000 };
      const ended = aBusyAttempt({ ...of, decidedAt: now + ahead, remaining: 4000, region: 'eu' });
      await relayChanges(ports, [{ decision: ended }]);
      expect(bodies(ports.resolver.taken)).toMatchObject([[{ kind: 'attempt', attempt: 2 }, 5000]]);
    },
  );

  it('has the resolver check that another attempt follows a busy attempt or a promise', async () => {
    const ports = portsWith();
    const of = { transaction: 'us:a', decidedAt: now, region: 'us' };
    const changes = [
      { decision: aBusyAttempt({ ...of, remaining: 4000 }) },
      { decision: aPromise(of) },
      { decision: aPromise({ ...of, transaction: 'eu:a' }) },
    ];
    await relayChanges(ports, changes);
    const shared = { kind: 'attempt', transaction: 'us:a', fingerprint: 'digest-of-the-request' };
    expect(bodies(ports.resolver.taken)).toEqual([
      [{ ...shared, attempt: 2 }, 5000],
      [{ ...shared, attempt: 1 }, 31_000],
    ]);
    expect(ports.bus.taken).toEqual([]);
  });

  it('returns exactly the changes that could not be sent completely', async () => {
    const [prepared, busy]: readonly Change[] = [
      { commit: held('prepared') },
      { decision: aBusyAttempt({ transaction: 'us:a' }) },
    ];
    const announced: Change = { decision: aDecision({ transaction: 'us:b' }) };
    const all = [prepared, busy, announced].flatMap((change) => change ?? []);
    const deaf = portsWith({ resolver: sink<DelayedMessage>(() => true) });
    expect([...(await relayChanges(deaf, all))]).toEqual([prepared, busy]);
    expect([...(await relayChanges(portsWith({ bus: sink<BusEntry>(() => true) }), all))]).toEqual([announced]);
    expect([...(await relayChanges(portsWith(), all))]).toEqual([]);
  });
});

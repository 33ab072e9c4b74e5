import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { memorySnapshotStore } from '../../../adapters/memory/snapshot-store.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import type { VersionVector } from '../../../core/facts/version.ts';
import { defineDomain, defineStream, type SnapshotStore } from '../../../core/index.ts';
import { History } from '../../../core/log/history.ts';
import { loadHistory, loadWhole } from '../../../core/log/load.ts';
import { readCommits, readStream } from '../../../core/read/streams.ts';
import { readRow } from '../../../core/read/views.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { account, note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, domainWithSnapshots, inTexts, noted, replicate } from '../a-region.ts';
import { commitGraphs, shuffled } from './graph.ts';

const STREAM = 'note/n';
const ACCOUNT = 'account/us.1';
const EVERY = 3;
const domain = domainWithSnapshots({ every: EVERY, codeVersion: 1, settle: 0 });
const deposit = command('deposit', { amount: 1 });

/** A Region that records the calls of both stores in one list; `fails` selects the calls of the snapshot store that fail. */
function aSnapshottingRegion(region = 'us', runtime = fakeRuntime()) {
  const us = aRegion(region, runtime, domain);
  const fails = new Set<keyof SnapshotStore>();
  const kept = memorySnapshotStore();
  const call = async <T>(name: keyof SnapshotStore, act: () => Promise<T>): Promise<T> => {
    (us.events.calls as string[]).push(name === 'put' ? 'keep' : name);
    if (fails.has(name)) throw new Error('The table does not respond.');
    return act();
  };
  const snapshots: SnapshotStore = {
    newest: (...args) => call('newest', () => kept.newest(...args)),
    put: (...args) => call('put', () => kept.put(...args)),
    drop: (...args) => call('drop', () => kept.drop(...args)),
  };
  return { ...us, kept, snapshots, fails };
}
type Region = ReturnType<typeof aSnapshottingRegion>;

function another(region: Region): Region {
  return { ...region, warm: new Map() };
}

async function callsOf(region: Region, act: () => Promise<unknown>): Promise<readonly string[]> {
  const before = region.events.calls.length;
  await act();
  return region.events.calls.slice(before);
}

async function versionKept({ kept }: Region, stream = ACCOUNT): Promise<VersionVector | undefined> {
  return (await kept.newest(stream, 1))?.version;
}

async function deposits(region: Region, count: number) {
  for (let i = 0; i < count; i++) await appendToStream(region, anAppend({ stream: ACCOUNT, operation: deposit }));
}

describe('an append to a stream with snapshots', () => {
  it('takes a snapshot of a warm stream as soon as there are enough commits, and continues from it', async () => {
    const us = aSnapshottingRegion();
    expect(await callsOf(us, () => deposits(us, 7))).toEqual([
      ...['newest', 'load', 'put', 'put', 'put', 'keep'],
      ...['put', 'put', 'put', 'keep', 'put'],
    ]);
    expect(await versionKept(us)).toEqual({ us: 6 });
  });

  it('reads the snapshot and the later commits if cold', async () => {
    const us = aSnapshottingRegion();
    await deposits(us, 4);
    const tails: number[] = [];
    const cold = another(us);
    const events = {
      ...us.events,
      load: async (stream: string, after?: VersionVector) => {
        const tail = await us.events.load(stream, after);
        tails.push(tail.length);
        return tail;
      },
    };
    await appendToStream(
      { ...cold, events },
      anAppend({ stream: ACCOUNT, operation: command('withdraw', { amount: 4 }) }),
    );
    expect(tails).toEqual([1]);
    expect(await readStream(us, ACCOUNT)).toMatchObject({ state: 0, version: { us: 5 } });
  });

  it('does not fail if the snapshot cannot be stored, and retries after the same number of commits', async () => {
    const us = aSnapshottingRegion();
    us.fails.add('put');
    expect(await callsOf(us, () => deposits(us, 6))).toEqual([
      ...['newest', 'load', 'put', 'put', 'put', 'keep'],
      ...['put', 'put', 'put', 'keep'],
    ]);
    expect(us.runtime.metrics.get('SnapshotFailed')).toBe(2);
    expect(await readStream(us, ACCOUNT)).toMatchObject({ state: 6 });
  });

  it('that could not store its snapshot leaves it to the next load to store one', async () => {
    const us = aSnapshottingRegion();
    us.fails.add('put');
    await deposits(us, 4);
    us.fails.clear();
    expect(await callsOf(us, () => readStream(us, ACCOUNT))).toEqual(['newest', 'load', 'keep']);
    expect(await versionKept(us)).toEqual({ us: 4 });
    expect(await callsOf(us, () => readStream(us, ACCOUNT))).toEqual(['newest', 'load']);
  });

  it('loads the stream in full while snapshots cannot be read', async () => {
    const us = aSnapshottingRegion();
    await deposits(us, 4);
    us.fails.add('newest');
    expect(await readStream(us, ACCOUNT)).toMatchObject({ state: 4, version: { us: 4 } });
    expect(us.runtime.metrics.get('SnapshotFailed')).toBe(1);
  });

  it('uses no snapshot of another version of the definition', async () => {
    const us = aSnapshottingRegion();
    await deposits(us, 4);
    const doubled = defineStream({
      ...account,
      evolve: (balance: number, { data }) => balance + 2 * data.amount,
      snapshots: { every: EVERY, codeVersion: 2 },
    });
    const next = { ...another(us), domain: defineDomain({ streams: [doubled], views: [] }) };
    expect(await readStream(next, ACCOUNT)).toMatchObject({ state: 8 });
    expect(await readStream(next, ACCOUNT)).toMatchObject({ state: 8 });
    expect(await readStream(us, ACCOUNT)).toMatchObject({ state: 4 });
  });

  it('uses no snapshot of code that knows other events, even if its version was not raised', async () => {
    const us = aSnapshottingRegion();
    const Closed = { schemaVersion: 1, schema: z.object({ amount: z.number() }), sample: { amount: 0 } };
    const closing = defineStream({
      ...account,
      events: { ...account.events, Closed },
      evolve: (balance: number, { type, data }) => (type === 'Closed' ? 0 : balance + data.amount),
      conflicts: () => true,
      reconcile: () => [],
      snapshots: { every: EVERY, codeVersion: 1 },
    });
    const newer = () => ({ ...another(us), domain: defineDomain({ streams: [closing], views: [] }) });
    const close = { kind: 'events', events: [{ type: 'Closed', data: { amount: 0 } }] } as const;
    await deposits(us, 2);
    await appendToStream(newer(), anAppend({ stream: ACCOUNT, operation: close }));
    expect(await versionKept(us)).toEqual({ us: 3 });

    const older = another(us);
    await expect(readStream(older, ACCOUNT)).rejects.toMatchObject({ code: 'unreadable-event' });
    await expect(appendToStream(older, anAppend({ stream: ACCOUNT, operation: deposit }))).rejects.toMatchObject({
      code: 'unreadable-event',
    });
    expect(await readStream(newer(), ACCOUNT)).toMatchObject({ state: 0, version: { us: 3 } });
    expect(await callsOf(us, () => readStream(newer(), ACCOUNT))).toEqual(['newest', 'load']);
  });

  it('never stores a snapshot of a state that is not JSON, and reports it', async () => {
    const dated = defineStream({
      ...account,
      evolve: () => new Date(0) as never,
      snapshots: { every: 3, codeVersion: 1 },
    });
    const us = { ...aSnapshottingRegion(), domain: defineDomain({ streams: [dated], views: [] }) };
    await deposits(us, 4);
    expect(us.runtime.metrics.get('SnapshotFailed')).toBe(1);
    expect(await versionKept(us)).toBeUndefined();
    expect(await readStream(us, ACCOUNT)).toMatchObject({ state: new Date(0) });
  });

  it('takes no snapshot without a snapshot store', async () => {
    const { snapshots: _, ...us } = aSnapshottingRegion();
    for (let i = 0; i < 4; i++) await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit }));
    expect(await readStream(us, ACCOUNT)).toMatchObject({ state: 4 });
    expect(await us.kept.newest(ACCOUNT, 1)).toBeUndefined();
  });
});

describe('a retried append, after a snapshot', () => {
  it('returns the original result, with no later version, warm and cold', async () => {
    const us = aSnapshottingRegion();
    const asked = [1, 2, 3, 4, 5].map((amount) =>
      anAppend({ stream: ACCOUNT, operation: command('deposit', { amount }) }),
    );
    const answers = [];
    for (const one of asked) answers.push(await appendToStream(us, one));
    expect(await versionKept(us)).toEqual({ us: 3 });
    for (const region of [us, another(us)])
      for (const [i, one] of asked.entries()) {
        const again = await appendToStream(region, one);
        expect(again).toEqual(answers[i]);
        expect(again).toMatchObject({ version: { us: i + 1 }, dot: { log: 'us', position: i + 1 } });
      }
    const reused = { ...asked[0], operation: deposit, stream: ACCOUNT, meta: {}, commitId: asked[1]?.commitId ?? '' };
    await expect(appendToStream(another(us), reused)).rejects.toThrow(
      expect.objectContaining({ code: 'id-reused', details: { log: 'us', position: 2 } }),
    );
  });
});

describe('an expected version below the snapshot', () => {
  it('is refused exactly if there are newer events', async () => {
    const us = aSnapshottingRegion();
    const first = await appendToStream(us, anAppend({ stream: ACCOUNT, operation: deposit }));
    const template = (await us.table.load(ACCOUNT))[0] as Commit;
    for (const position of [2, 3, 4])
      await us.table.put({
        ...template,
        position,
        commitId: `empty-${position}`,
        events: [],
        previous: 1,
        context: { us: position - 1 },
        hlc: template.hlc.slice(0, 15) + position,
      });
    await readStream(us, ACCOUNT);
    expect(await versionKept(us)).toEqual({ us: 4 });
    const expecting = (expected: VersionVector) => anAppend({ stream: ACCOUNT, operation: deposit, expected });
    await expect(appendToStream(another(us), expecting({}))).rejects.toThrow(
      expect.objectContaining({ code: 'version-conflict' }),
    );
    expect(await appendToStream(another(us), expecting(first.version))).toMatchObject({ version: { us: 5 } });
    await expect(appendToStream(another(us), expecting(first.version))).rejects.toThrow(
      expect.objectContaining({ code: 'version-conflict' }),
    );
  });
});

describe('a merge stream with snapshots', () => {
  it('decides on an old version by reading all commits, and returns the new version', async () => {
    const us = aSnapshottingRegion();
    for (const text of ['a', 'b', 'c', 'd']) await appendToStream(us, anAppend({ operation: noted(text) }));
    expect(await versionKept(us, STREAM)).toEqual({ us: 3 });
    const old = anAppend({ operation: command('after', { text: 'e', after: 'a' }), basedOn: { us: 1 } });
    const refused = anAppend({ operation: command('after', { text: 'e', after: 'b' }), basedOn: { us: 1 } });
    await expect(appendToStream(us, refused)).rejects.toThrow(expect.objectContaining({ code: 'rejected' }));
    for (const region of [us, us, another(us)])
      expect(await appendToStream(region, old)).toMatchObject({ version: { us: 5 }, dot: { log: 'us', position: 5 } });
    expect(inTexts((await readStream(us, STREAM)).state)).toMatchObject({
      texts: ['a', 'b', 'c', 'd', 'e'],
      unseen: [[], [], [], [], ['b', 'c', 'd']],
    });
  });

  it('discards a snapshot that a late commit has not seen, and loads an older one or all commits', async () => {
    const [us, eu] = [aSnapshottingRegion('us'), aSnapshottingRegion('eu')];
    for (const text of ['a', 'b', 'c']) await appendToStream(us, anAppend({ operation: noted(text) }));
    await replicate(STREAM, us, eu);
    us.runtime.advance(1000);
    for (const text of ['d', 'e', 'f']) await appendToStream(us, anAppend({ operation: noted(text) }));
    eu.runtime.advance(2000);
    await appendToStream(eu, anAppend({ operation: noted('late') }));
    expect(await versionKept(us, STREAM)).toEqual({ us: 6 });
    await replicate(STREAM, eu, us);
    expect(await callsOf(us, () => readStream(us, STREAM))).toEqual([
      ...['newest', 'load', 'drop', 'newest', 'load', 'keep'],
    ]);
    expect(inTexts((await readStream(us, STREAM)).state)).toMatchObject({
      unseen: [[], [], [], [], [], [], ['d', 'e', 'f']],
    });
    expect(await versionKept(us, STREAM)).toEqual({ us: 6, eu: 1 });
  });

  it('is loaded again after losing the race to a commit that had seen less than its snapshot includes', async () => {
    const us = aSnapshottingRegion();
    const slow = another(us);
    for (const text of ['a', 'b', 'c']) await appendToStream(us, anAppend({ operation: noted(text) }));
    await appendToStream(slow, anAppend({ operation: noted('d') }));
    const taken = anAppend({ operation: noted('old'), basedOn: { us: 1 } });
    const first = await appendToStream(us, taken);
    expect(await callsOf(slow, () => appendToStream(slow, anAppend({ operation: noted('e') })))).toEqual([
      ...['put', 'loadLog', 'newest', 'load', 'drop', 'newest', 'load', 'keep', 'put'],
    ]);
    expect(inTexts((await readStream(us, STREAM)).state)).toMatchObject({ texts: ['a', 'b', 'c', 'd', 'old', 'e'] });
    expect(await appendToStream(slow, taken)).toEqual(first);
  });

  it('returns the earlier result of an append if its commit had seen less than the snapshot includes', async () => {
    const us = aSnapshottingRegion();
    const slow = another(us);
    for (const text of ['a', 'b', 'c']) await appendToStream(us, anAppend({ operation: noted(text) }));
    await appendToStream(slow, anAppend({ operation: noted('d') }));
    const asked = anAppend({ operation: noted('old') });
    const first = await appendToStream(us, { ...asked, basedOn: { us: 1 } });
    expect(await appendToStream(slow, asked)).toEqual(first);
  });

  it('discards its warm copy once a commit in it had seen less than its snapshot includes', async () => {
    const us = aSnapshottingRegion();
    for (const text of ['a', 'b', 'c']) await appendToStream(us, anAppend({ operation: noted(text) }));
    us.warm
      .get(STREAM)
      ?.history.add([{ ...((await us.table.load(STREAM))[0] as Commit), log: 'eu', commitId: 'late', context: {} }]);
    expect(await callsOf(us, () => appendToStream(us, anAppend({ operation: noted('d') })))).toEqual([
      'newest',
      'load',
      'put',
    ]);
  });
});

describe('following the commits of a stream with snapshots', () => {
  it('loads the commits that a reader lacks, below the snapshot and above it', async () => {
    const us = aSnapshottingRegion();
    for (const text of ['a', 'b', 'c', 'd']) await appendToStream(us, anAppend({ operation: noted(text) }));
    const positions = async (after: VersionVector | undefined): Promise<readonly number[]> =>
      (await readCommits(us, STREAM, { after })).commits.map(({ position }) => position);
    expect(await positions(undefined)).toEqual([1, 2, 3, 4]);
    expect(await positions({ us: 2 })).toEqual([3, 4]);
    expect(await positions({ us: 3 })).toEqual([4]);
    expect(await callsOf(us, () => positions(undefined))).toEqual(['loadFirst']);
    expect(await callsOf(us, () => positions({ us: 2 }))).toEqual(['at', 'loadFirst']);
    expect(await callsOf(us, () => positions({ us: 3 }))).toEqual(['at', 'loadFirst']);
  });
});

describe('a projection of a stream with snapshots', () => {
  it('continues from the snapshot, or loads all commits if a payload has not seen the snapshot', async () => {
    const [us, eu] = [aSnapshottingRegion('us'), aSnapshottingRegion('eu')];
    for (const text of ['a', 'b', 'c', 'd']) await appendToStream(us, anAppend({ operation: noted(text) }));
    eu.runtime.advance(1000);
    await appendToStream(eu, anAppend({ operation: noted('theirs') }));
    const [commit] = await eu.table.load(STREAM);
    const trigger = { stream: STREAM, log: 'us', position: 4, inTable: true };
    expect(await callsOf(us, () => projectTriggers(us, [trigger]))).toEqual(['newest', 'load']);
    expect(await readRow(us, 'latest', 'n')).toMatchObject({ value: 'd' });
    const payload = { stream: STREAM, log: 'eu', position: 1, inTable: false, ...(commit && { commit }) };
    expect(await callsOf(us, () => projectTriggers(us, [payload]))).toEqual(['newest', 'load', 'load']);
    expect(await readRow(us, 'latest', 'n')).toMatchObject({ value: 'theirs' });
    expect(await versionKept(us, STREAM)).toEqual({ us: 3 });
  });
});

describe('a clock that jumps back by more than a day', () => {
  it('makes a snapshot unusable that may lack the id of a repeated append', async () => {
    const DAY = 86_400_000;
    const us = aRegion('us', fakeRuntime(), domainWithSnapshots({ every: 2, codeVersion: 1, settle: 0 }));
    const append = (commitId: string) => {
      us.warm.clear();
      return appendToStream(us, anAppend({ commitId, operation: noted(commitId) }));
    };
    await append('x');
    us.runtime.advance(15.5 * DAY);
    for (const id of ['a', 'b', 'c']) await append(id);
    us.runtime.advance(-2 * DAY);
    for (const id of ['x', 'd']) await append(id);
    const loaded = await loadHistory(us, parseStreamRef(STREAM));
    expect(inTexts(loaded.state).texts).toEqual(['x', 'a', 'b', 'c', 'd']);
    expect(loaded.state).toEqual((await loadWhole(us, parseStreamRef(STREAM))).state);
  });
});

describe('whatever a Region receives, in whatever order, and whenever it loads', () => {
  it('the stream has the state of all commits', async () => {
    let fromSnapshots = 0;
    await fc.assert(
      fc.asyncProperty(
        commitGraphs.chain((all) =>
          fc.record({
            order: shuffled(all),
            every: fc.integer({ min: 1, max: 3 }),
            loads: fc.infiniteStream(fc.nat(2)),
          }),
        ),
        async ({ order, every, loads }) => {
          const us = aRegion(
            'us',
            fakeRuntime(Date.UTC(2003)),
            domainWithSnapshots({ every, codeVersion: 1, settle: 0 }),
          );
          for (const commit of order) {
            us.table.replicate(commit);
            for (let i = loads.next().value ?? 0; i > 0; i--) {
              const loaded = await loadHistory(us, parseStreamRef(STREAM));
              const whole = await loadWhole(us, parseStreamRef(STREAM));
              expect(loaded.holds).toBe(true);
              expect(loaded.seen).toEqual(whole.seen);
              expect(loaded.state).toEqual(whole.state);
              if (!loaded.reaches({})) fromSnapshots++;
            }
          }
          const all = new History(note, STREAM, order);
          expect((await loadHistory(us, parseStreamRef(STREAM))).state).toEqual(all.state);
        },
      ),
      { numRuns: 150 },
    );
    expect(fromSnapshots).toBeGreaterThan(100);
  });
});

import { describe, expect, it } from 'vitest';
import { memorySnapshotStore } from '../../../adapters/memory/snapshot-store.ts';
import { defineDomain } from '../../../core/definition/domain.ts';
import { defineStream } from '../../../core/definition/stream.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { AHEAD_MS, KEEP_COMMITS } from '../../../core/limits/budgets.ts';
import type { KeptStream } from '../../../core/view/kept-streams.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { beginRebuild, stepRebuild } from '../../../core/view/rebuild.ts';
import { note } from '../../../testing/toy.ts';
import { aRegionWithViews } from './a-region-with-views.ts';
import { key, noting, payload, projectAll, put, rowsOf } from './projection-fixture.ts';

/** A Region whose projector keeps streams, and the number of commits that it has read from the table. */
function aRegionThatKeeps() {
  const us = aRegionWithViews();
  const kept = new Map<string, KeptStream>();
  let read = 0;
  const load: typeof us.events.load = async (stream, after) => {
    const commits = await us.table.load(stream, after);
    read += commits.length;
    return commits;
  };
  return { us: { ...us, keptStreams: kept, events: { ...us.events, load } }, kept, read: () => read };
}

type Keeping = ReturnType<typeof aRegionThatKeeps>['us'];

const stampOf = (position: number): string => position.toString(16).padStart(16, '0');

function nth(position: number, of: Partial<Commit> = {}): Commit {
  return noting(`text ${position}`, { position, context: { us: position - 1 }, hlc: stampOf(2 * position), ...of });
}

async function projectFirst(us: Keeping, count: number): Promise<void> {
  for (let position = 1; position <= count; position++) {
    await put(us, [nth(position)]);
    await projectAll(us, [key(nth(position))]);
  }
}

describe('a projector that keeps streams', () => {
  it('reads a limited number of items for each commit, however long the stream is', async () => {
    const { us, read } = aRegionThatKeeps();
    await projectFirst(us, 400);
    // Until the stream is long enough to be kept, it is loaded in full.
    expect(read()).toBeLessThan(KEEP_COMMITS ** 2 + 400);
    expect(await rowsOf(us, 'lengths')).toEqual({ all: { notes: 400, streams: 1 } });
  });

  it('keeps no short stream, which one query loads', async () => {
    const { us, kept } = aRegionThatKeeps();
    await projectFirst(us, KEEP_COMMITS - 1);
    expect(kept.size).toBe(0);
    await projectFirst(us, KEEP_COMMITS);
    expect([...kept.keys()]).toEqual(['note/n']);
  });

  it('adds commits that arrive as messages, late, twice and in another order', async () => {
    const { us, read } = aRegionThatKeeps();
    await projectFirst(us, 40);
    const eu = [1, 2, 3].map((position) =>
      nth(position, {
        log: 'eu',
        hlc: stampOf(1_000 + position),
        context: { eu: position - 1 },
        commitId: `eu-${position}`,
      }),
    );
    const [first = nth(1), second = first, third = first] = eu;
    await projectAll(us, [payload(second)]);
    await projectAll(us, [payload(first)]);
    expect(await rowsOf(us, 'lengths')).toEqual({ all: { notes: 42, streams: 1 } });
    const before = read();
    for (const commits of [[second], [first], [third]]) {
      await put(us, commits);
      for (const _ of ['once', 'twice']) await projectAll(us, commits.map(key));
    }
    expect(read() - before).toBeLessThan(10);
    expect(await rowsOf(us, 'lengths')).toEqual({ all: { notes: 43, streams: 1 } });
    expect(us.keptStreams.get('note/n')).toMatchObject({ inTable: { us: 40, eu: 3 }, ahead: undefined });
  });

  it('discards its copy if the table has another commit than a message brought', async () => {
    const { us } = aRegionThatKeeps();
    await projectFirst(us, 30);
    const real = nth(31);
    await projectAll(us, [payload({ ...real, fingerprint: 'forged' })]);
    await put(us, [real, nth(32)]);
    await projectAll(us, [key(nth(32))]);
    expect(us.keptStreams.get('note/n')?.history.since({ us: 30 })).toEqual([real, nth(32)]);
  });

  it.each([
    ['another one in its place, whatever it says of its content', (real: Commit) => [real]],
    ['its transaction aborted', (real: Commit) => [{ ...real, tx: { state: 'aborted', deadline: 1 } } as const]],
  ])('discards its copy if the table has %s', async (_, inTable) => {
    const { us } = aRegionThatKeeps();
    await projectFirst(us, 30);
    const real = nth(31);
    await projectAll(us, [payload(nth(31, { events: noting('forged').events }))]);
    // The real one follows the forged one, which the copy has.
    await projectAll(us, [payload(real)]);
    await put(us, [...inTable(real), nth(32)]);
    await projectAll(us, [key(nth(32))]);
    expect(await rowsOf(us, 'texts')).not.toHaveProperty('forged');
  });

  it('discards its copy if the table lacks a brought commit for too long', async () => {
    const { us } = aRegionThatKeeps();
    await projectFirst(us, 30);
    await projectAll(us, [payload(nth(31))]);
    expect(us.keptStreams.get('note/n')?.history.seen).toEqual({ us: 31 });
    us.runtime.advance(AHEAD_MS + 1);
    await projectAll(us, [key(nth(30))]);
    expect(us.keptStreams.get('note/n')).toMatchObject({ history: { seen: { us: 30 } }, ahead: undefined });
  });

  it('reads an intent again until it is final', async () => {
    const { us } = aRegionThatKeeps();
    await projectFirst(us, 30);
    const intent = nth(31, { tx: { state: 'prepared', deadline: 1e15 }, commitId: 'us:t#1' });
    await put(us, [intent]);
    await projectAll(us, [key(intent)]);
    expect(us.keptStreams.get('note/n')?.inTable).toEqual({ us: 30 });
    await us.table.finalise(intent, 'committed');
    await projectAll(us, [key(intent)]);
    expect(us.keptStreams.get('note/n')).toMatchObject({
      inTable: { us: 31 },
      history: { seen: { us: 31 }, intents: [] },
    });
  });

  it('is not used by a rebuild, which reads the table alone', async () => {
    const { us, kept } = aRegionThatKeeps();
    await projectFirst(us, 30);
    kept.clear();
    const { build } = await beginRebuild(us, { view: 'lengths', segments: 1 });
    await stepRebuild(us, { view: 'lengths', build, segment: 0 });
    expect(kept.size).toBe(0);
  });
});

describe('a projector that keeps streams of a type with snapshots', () => {
  const withSnapshots = (every = 10) => {
    const type = defineStream({ ...note, snapshots: { every, codeVersion: 1, settle: 0 } });
    const { us, kept } = aRegionThatKeeps();
    const [view] = us.domain.views.values();
    if (!view) throw new Error('The domain has views.');
    const domain = defineDomain({ streams: [type], views: [{ ...view, of: type }] });
    return { us: { ...us, domain, snapshots: memorySnapshotStore() }, kept };
  };

  it('takes snapshots of what the table has, and continues from them', async () => {
    const { us, kept } = withSnapshots();
    for (let position = 1; position <= 60; position++) {
      await put(us, [nth(position)]);
      if (position >= 9) await projectAll(us, [key(nth(position))]);
    }
    expect((await us.snapshots.newest('note/n', 1))?.version.us).toBeGreaterThan(50);
    expect(kept.size).toBeLessThanOrEqual(1);
  });

  it('still knows what it is ahead by when a snapshot has made its copy short, and snapshots only what the table has', async () => {
    const { us, kept } = withSnapshots(40);
    const recent = (position: number, of: Partial<Commit> = {}) =>
      nth(position, { hlc: nextStamp(Date.UTC(2001, 0, 1) + position), ...of });
    const upTo = async (from: number, to: number) => {
      await put(
        us,
        Array.from({ length: to - from + 1 }, (_, i) => recent(from + i)),
      );
      await projectAll(us, [key(recent(to))]);
    };
    await upTo(1, 30);
    await upTo(31, 45);
    expect(kept.get('note/n')?.history.count).toBeLessThan(KEEP_COMMITS);
    expect(kept.get('note/n')?.inTable).toEqual({ us: 45 });
    const lost = recent(1, { log: 'eu', hlc: recent(46).hlc, context: { us: 45 }, commitId: 'lost' });
    await projectAll(us, [payload(lost)]);
    expect(kept.get('note/n')?.ahead?.commits.size).toBe(1);
    await upTo(46, 95);
    us.runtime.advance(AHEAD_MS + 1);
    await upTo(96, 140);
    expect((await us.snapshots.newest('note/n', 1))?.version).toEqual({ us: 140 });
  });

  it('discards its copy if a commit of the table rules out the snapshot that it has started from', async () => {
    const { us, kept } = withSnapshots(30);
    // A snapshot can be continued only by commits with real times.
    const recent = (position: number) => nth(position, { hlc: nextStamp(Date.UTC(2001, 0, 1) + position) });
    for (const last of [62, 62 + KEEP_COMMITS]) {
      await put(
        us,
        Array.from({ length: last }, (_, i) => recent(i + 1)),
      );
      await projectAll(us, [key(recent(last))]);
    }
    expect(kept.size).toBe(1);
    const late = noting('late', { log: 'eu', hlc: recent(3).hlc, context: {}, commitId: 'late' });
    await put(us, [late]);
    await projectAll(us, [key(late)]);
    expect(await rowsOf(us, 'texts')).toMatchObject({ late: '1 times', 'text 1': '1 times' });
  });

  it('loads the whole stream if a commit rules out the snapshot', async () => {
    const { us, kept } = withSnapshots();
    await put(
      us,
      Array.from({ length: 12 }, (_, i) => nth(i + 1)),
    );
    await projectAll(us, [key(nth(12))]);
    expect((await us.snapshots.newest('note/n', 1))?.version).toEqual({ us: 12 });
    const next = Array.from({ length: 30 }, (_, i) => nth(13 + i, { context: { us: 12 + i } }));
    const late = nth(1, { log: 'eu', hlc: stampOf(3), context: {}, commitId: 'late' });
    await put(us, next);
    for (const commits of [[key(nth(42))], [payload(late)]])
      expect(await projectTriggers(us, commits)).toEqual(new Map());
    await put(us, [late]);
    await projectAll(us, [key(late)]);
    expect(await rowsOf(us, 'texts')).toMatchObject({ 'text 1': '2 times', 'text 42': '1 times' });
    expect(kept.size).toBeLessThanOrEqual(1);
  });
});

import { describe, expect, it } from 'vitest';
import { memorySnapshotStore } from '../../../adapters/memory/snapshot-store.ts';
import { defineDomain } from '../../../core/definition/domain.ts';
import { defineStream } from '../../../core/definition/stream.ts';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import { loadAtLeast, loadHistory } from '../../../core/log/load.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, replicate, watched } from '../a-region.ts';

const STREAM = 'note/n';

describe('load', () => {
  it('reads all commits of the table, seen and hidden', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    for (let i = 0; i < 3; i++) await appendToStream(us, anAppend());
    for (const commit of (await us.table.load(STREAM)).toSpliced(1, 1)) eu.table.replicate(commit);
    expect(await loadHistory(eu, parseStreamRef(STREAM))).toMatchObject({ stream: STREAM, seen: { us: 1 }, hidden: 1 });
  });

  it('measures how long the oldest hidden commit has waited, by its stamp, and no wait if no commit is hidden', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    for (let i = 0; i < 3; i++) {
      await appendToStream(us, anAppend());
      await us.runtime.sleep(60_000);
    }
    const [first, ...later] = await us.table.load(STREAM);
    for (const commit of later) eu.table.replicate(commit);
    await eu.runtime.sleep(600_000);
    await loadHistory(eu, parseStreamRef(STREAM));
    expect(eu.runtime.metrics.get('HiddenCommits')).toBe(2);
    // Written a minute after the start, and loaded nine minutes later.
    expect(eu.runtime.metrics.get('HiddenCommitAge')).toBe(540_000);

    eu.runtime.metrics.clear();
    if (first) eu.table.replicate(first);
    await loadHistory(eu, parseStreamRef(STREAM));
    expect(eu.runtime.metrics).toEqual(new Map());
  });

  it('treats a hidden commit with a stamp in the future as new', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await us.runtime.sleep(600_000);
    for (let i = 0; i < 2; i++) await appendToStream(us, anAppend());
    for (const commit of (await us.table.load(STREAM)).slice(1)) eu.table.replicate(commit);
    await loadHistory(eu, parseStreamRef(STREAM));
    expect(eu.runtime.metrics.get('HiddenCommitAge')).toBe(0);
  });

  it('refuses a stream of an unknown type', async () => {
    await expect(loadHistory(aRegion(), parseStreamRef('nothing/x'))).rejects.toThrow(
      expect.objectContaining({ code: 'unknown-stream-type' }),
    );
  });
});

describe('load at least', () => {
  it('is one load if no version is requested, or if the requested version has been seen', async () => {
    const us = aRegion();
    const { version } = await appendToStream(us, anAppend());
    us.events.calls.length = 0;
    await loadAtLeast(us, parseStreamRef(STREAM));
    await loadAtLeast(us, parseStreamRef(STREAM), { atLeast: version });
    expect(us.events.calls).toEqual(['load', 'load']);
    expect(us.runtime.slept).toEqual([]);
  });

  it('waits until the requested version is seen: the presence of its commits is not enough', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await appendToStream(us, anAppend());
    const { version } = await appendToStream(us, anAppend());
    const [first, second] = await us.table.load(STREAM);
    let loads = 0;
    const events = watched(eu.table, async () => {
      loads++;
      if (loads === 2 && second) eu.table.replicate(second);
      if (loads === 4 && first) eu.table.replicate(first);
    });
    const history = await loadAtLeast({ ...eu, events }, parseStreamRef(STREAM), { atLeast: version });
    expect(history.seen).toEqual({ us: 2 });
    expect(loads).toBe(4);
  });

  it('reads each commit once, however long it waits, except what follows a gap', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    for (let i = 0; i < 99; i++) await appendToStream(us, anAppend());
    await replicate(STREAM, us, eu);
    for (let i = 0; i < 2; i++) await appendToStream(us, anAppend());
    const commits = await us.table.load(STREAM);
    const { version } = await appendToStream(us, anAppend());
    for (const commit of commits.slice(100)) eu.table.replicate(commit);
    const read: number[] = [];
    const load: typeof eu.events.load = async (stream, after) => {
      if (read.length === 3) await replicate(STREAM, us, eu);
      const found = await eu.table.load(stream, after);
      read.push(found.length);
      return found;
    };
    const history = await loadAtLeast({ ...eu, events: { ...eu.events, load } }, parseStreamRef(STREAM), {
      atLeast: version,
    });
    expect(history.seen).toEqual({ us: 102 });
    // The last one before the gap is filled has arrived, and is read with what is missing.
    expect(read).toEqual([100, 1, 1, 3]);
  });

  it('loads the stream again if a commit that arrives rules out the snapshot that it has started from', async () => {
    const definition = defineStream({ ...note, snapshots: { every: 2, codeVersion: 1, settle: 0 } });
    const domain = defineDomain({ streams: [definition], views: [] });
    const snapshots = memorySnapshotStore();
    const [us, eu] = [aRegion('us', fakeRuntime(), domain), aRegion('eu', fakeRuntime(), domain)];
    for (let i = 0; i < 4; i++) await appendToStream({ ...us, snapshots }, anAppend());
    const { version } = await appendToStream(eu, anAppend());
    let loads = 0;
    const events = watched(us.table, async () => {
      if (++loads === 2) await replicate(STREAM, eu, us);
    });
    const history = await loadAtLeast({ ...us, snapshots, events }, parseStreamRef(STREAM), {
      atLeast: { ...version, us: 4 },
    });
    expect(history.seen).toEqual({ us: 4, eu: 1 });
    expect(loads).toBeGreaterThan(2);
  });

  it('refuses a version at once that names a log which no Region writes and the stream does not have', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const logs = ['us', 'eu'];
    await appendToStream(us, anAppend());
    const start = us.runtime.elapsed();
    await expect(loadAtLeast({ ...us, logs }, parseStreamRef(STREAM), { basedOn: { us: 1, mars: 1 } })).rejects.toThrow(
      expect.objectContaining({
        code: 'validation',
        retryable: false,
        details: {
          faults: [{ path: 'basedOn', message: expect.stringMatching(/no Region writes the log mars.*us, eu/) }],
        },
      }),
    );
    expect(us.runtime.elapsed()).toBe(start);
    // A Region that was removed: its log has positions, and the next one may still arrive.
    await appendToStream(eu, anAppend({ commitId: 'gone' }));
    await replicate(STREAM, eu, us);
    await expect(loadAtLeast({ ...us, logs: ['us'] }, parseStreamRef(STREAM), { atLeast: { eu: 2 } })).rejects.toThrow(
      expect.objectContaining({ code: 'not-caught-up' }),
    );
  });

  it('waits for a log that only a hidden commit names', async () => {
    const [us, eu, ap] = [aRegion('us'), aRegion('eu'), aRegion('ap')];
    await appendToStream(eu, anAppend());
    await replicate(STREAM, eu, ap);
    await appendToStream(ap, anAppend({ commitId: 'after' }));
    for (const commit of await ap.table.load(STREAM)) if (commit.log === 'ap') us.table.replicate(commit);
    await expect(loadAtLeast({ ...us, logs: ['us'] }, parseStreamRef(STREAM), { atLeast: { eu: 1 } })).rejects.toThrow(
      expect.objectContaining({ code: 'not-caught-up' }),
    );
  });

  it('refuses a version at once that is beyond what this Region wrote to its own log', async () => {
    const us = aRegion('us');
    await appendToStream(us, anAppend());
    const start = us.runtime.elapsed();
    await expect(loadAtLeast(us, parseStreamRef(STREAM), { atLeast: { us: 2 } })).rejects.toThrow(
      expect.objectContaining({ code: 'validation', message: expect.stringContaining('us has written 1 positions') }),
    );
    expect(us.runtime.elapsed()).toBe(start);
  });

  it('gives up within 2 s, and is retryable', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const { version } = await appendToStream(us, anAppend());
    const start = eu.runtime.now();
    const refused = expect.objectContaining({ code: 'not-caught-up', retryable: true });
    await expect(loadAtLeast(eu, parseStreamRef(STREAM), { atLeast: version })).rejects.toThrow(refused);
    expect(eu.runtime.now() - start).toBeLessThanOrEqual(2000);
    await replicate(STREAM, us, eu);
    expect((await loadAtLeast(eu, parseStreamRef(STREAM), { atLeast: version })).seen).toEqual(version);
  });
});

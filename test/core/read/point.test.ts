import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Commit, foldOrder, isVisible, writtenAt } from '../../../core/facts/commit.ts';
import { emptyVersion, type VersionVector, versionCovers, versionDominates } from '../../../core/facts/version.ts';
import type { Domain } from '../../../core/index.ts';
import { History } from '../../../core/log/history.ts';
import { type ReadOptions, readStream } from '../../../core/read/streams.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note, toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, domainWithSnapshots, inTexts, noted, replicate } from '../a-region.ts';
import { commitGraphs } from '../log/graph.ts';
import { aTransaction, aWorld, drive, inputOf } from '../transaction/regions.ts';

const STREAM = 'note/n';
const ACCOUNT = 'account/us.1';
const START = Date.UTC(2001, 0, 1);
const MINUTE = 60_000;

type Region = ReturnType<typeof aRegion>;

async function textsAt(region: Region, options: ReadOptions) {
  const { state, version } = await readStream(region, STREAM, options);
  return { texts: inTexts(state).texts, version };
}

function write(region: Region, text: string, basedOn?: VersionVector) {
  return appendToStream(region, anAppend({ operation: noted(text), basedOn }));
}

/** A Region whose clock shows some milliseconds after the start. */
function regionAt(name: string, after = 0, domain: Domain = toyDomain): Region {
  return aRegion(name, fakeRuntime(START + after), domain);
}

describe('a state at an earlier version', () => {
  it('is that of the commits which the version covers, and has this version', async () => {
    const us = aRegion();
    const first = await write(us, 'a');
    await write(us, 'b');
    expect(await textsAt(us, { at: { version: first.version } })).toEqual({ texts: ['a'], version: { us: 1 } });
    expect(await textsAt(us, {})).toEqual({ texts: ['a', 'b'], version: { us: 2 } });
    expect(await textsAt(us, { at: { version: { us: 2 } } })).toEqual(await textsAt(us, {}));
  });

  it('is the initial state at the empty version, and of a stream without commits', async () => {
    const us = aRegion();
    await write(us, 'a');
    const initial = { state: [], version: {}, mode: 'merge' };
    expect(await readStream(us, STREAM, { at: { version: emptyVersion } })).toEqual(initial);
    expect(await readStream(us, 'note/none', { at: { version: emptyVersion } })).toEqual(initial);
    expect(await readStream(us, 'note/none', { at: { time: START } })).toEqual(initial);
  });

  it('is waited for if this Region has not seen it, and refused if it can never be seen', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    const { version } = await write(us, 'a');
    const began = eu.runtime.elapsed();
    const behind = expect.objectContaining({
      code: 'not-caught-up',
      details: { seen: expect.any(String), wanted: expect.any(String) },
    });
    await expect(readStream(eu, STREAM, { at: { version }, waitMs: 5_000 })).rejects.toThrow(behind);
    expect(eu.runtime.elapsed() - began).toBeGreaterThan(3_000);
    await replicate(STREAM, us, eu);
    expect(await textsAt(eu, { at: { version } })).toEqual({ texts: ['a'], version });
    await expect(readStream(us, STREAM, { at: { version: { us: 2 } } })).rejects.toThrow(
      expect.objectContaining({ code: 'validation', details: { faults: [expect.objectContaining({ path: 'at' })] } }),
    );
  });

  it('may be older than what this Region is waited to have seen', async () => {
    const [us, eu] = [aRegion('us'), aRegion('eu')];
    await write(us, 'a');
    const { version: atLeast } = await write(us, 'b');
    await replicate(STREAM, us, eu);
    const options = { at: { version: { us: 1 } }, atLeast };
    expect(await textsAt(eu, options)).toEqual({ texts: ['a'], version: { us: 1 } });
    await expect(readStream(eu, STREAM, { ...options, atLeast: { us: 3 } })).rejects.toMatchObject({
      code: 'not-caught-up',
    });
  });

  it('keeps what a removed log had', async () => {
    const [us, old] = [aRegion('us'), aRegion('old')];
    await write(old, 'a');
    await replicate(STREAM, old, us);
    await write(us, 'b');
    const logs = { ...us, logs: ['us', 'eu'] };
    expect(await textsAt(logs, { at: { version: { old: 1 } } })).toEqual({ texts: ['a'], version: { old: 1 } });
  });

  it('counts the first copy of an append that the version covers', async () => {
    const [us, eu] = [regionAt('us', MINUTE), regionAt('eu')];
    const append = anAppend({ operation: noted('a') });
    await appendToStream(us, append);
    await appendToStream(eu, append);
    await replicate(STREAM, eu, us);
    expect(await textsAt(us, { at: { version: { us: 1 } } })).toEqual({ texts: ['a'], version: { us: 1 } });
    expect(await textsAt(us, {})).toEqual({ texts: ['a'], version: { us: 1, eu: 1 } });
    expect(await textsAt(us, { at: { time: START } })).toEqual({ texts: ['a'], version: { eu: 1 } });
  });
});

describe('a state at a time', () => {
  it('has what was written at or before it', async () => {
    const us = regionAt('us');
    await write(us, 'a');
    us.runtime.advance(MINUTE);
    await write(us, 'b');
    const at = (time: number) => textsAt(us, { at: { time } });
    expect(await at(START - 1)).toEqual({ texts: [], version: {} });
    expect(await at(START)).toEqual({ texts: ['a'], version: { us: 1 } });
    expect(await at(START + MINUTE - 1)).toEqual({ texts: ['a'], version: { us: 1 } });
    expect(await at(START + MINUTE)).toEqual({ texts: ['a', 'b'], version: { us: 2 } });
    expect(await at(Number.MAX_SAFE_INTEGER)).toEqual({ texts: ['a', 'b'], version: { us: 2 } });
  });

  it('leaves out a commit that depends on one written later, by a clock that is ahead', async () => {
    const [us, eu, ap] = [regionAt('us'), regionAt('eu', 5 * MINUTE), regionAt('ap')];
    await write(eu, 'later');
    await replicate(STREAM, eu, us);
    // Its clock is behind: it is written before what it is based on.
    await write(us, 'reply');
    await write(ap, 'alone');
    await replicate(STREAM, ap, us);
    expect(await textsAt(us, { at: { time: START + MINUTE } })).toEqual({ texts: ['alone'], version: { ap: 1 } });
    expect(await textsAt(us, { at: { time: START + 5 * MINUTE } })).toMatchObject({ version: { us: 1, eu: 1, ap: 1 } });
  });

  it('leaves out what follows in the log of a commit that is left out, even if it does not depend on it', async () => {
    const us = regionAt('us', 5 * MINUTE);
    await write(us, 'ahead');
    us.runtime.advance(-5 * MINUTE);
    await write(us, 'apart', emptyVersion);
    expect(await textsAt(us, { at: { time: START + MINUTE } })).toEqual({ texts: [], version: {} });
  });

  it('ignores positions that an aborted transaction left', async () => {
    const { us } = aWorld();
    const participants = [
      { stream: ACCOUNT, command: 'deposit', input: { amount: 5 } },
      { stream: 'account/eu.1', command: 'withdraw', input: { amount: 5 } },
    ];
    us.runtime.advance(5 * MINUTE);
    await drive(us, inputOf(aTransaction({ participants }), us));
    us.runtime.advance(-5 * MINUTE);
    await appendToStream(us, anAppend({ stream: ACCOUNT, operation: command('deposit', { amount: 1 }) }));
    const read = await readStream(us, ACCOUNT, { at: { time: us.runtime.now() } });
    expect(read).toMatchObject({ state: 1, version: { us: 2 } });
  });

  it('has a transaction from when its intent was written, as soon as it is decided', async () => {
    const { us, eu } = aWorld({ strong: false });
    const participants = [{ stream: 'account/eu.1', command: 'deposit', input: { amount: 5 } }];
    const input = inputOf(aTransaction({ participants }), us);
    await drive(us, input, 'prepare');
    const at = { time: eu.runtime.now() };
    eu.runtime.advance(MINUTE);
    expect(await readStream(eu, 'account/eu.1', { at })).toMatchObject({ state: 0, version: {} });
    await drive(us, input, 'decide');
    expect(await readStream(eu, 'account/eu.1', { at })).toMatchObject({ state: 5, version: { eu: 1 } });
    // What was shown stays.
    expect((await eu.table.load('account/eu.1')).map(({ tx }) => tx?.state)).toEqual(['committed']);
  });

  it('is the state at the largest causally closed version without later commits', () => {
    const times = fc.integer({ min: START - 10_000, max: START + 60 * 24 * 60 * MINUTE });
    fc.assert(
      fc.property(commitGraphs, times, fc.nat(13), (commits, anyTime, chosen) => {
        const time = commits[chosen] ? writtenAt(commits[chosen]) : anyTime;
        const history = new History(note, STREAM, commits);
        const version = history.writtenBy(time);
        const shown = commits.filter((commit) => versionCovers(version, commit));
        expect(shown.sort(foldOrder)).toEqual(largestBefore(time, commits));
        expect(versionDominates(history.seen, version)).toBe(true);
      }),
    );
  });
});

/** By trying: removes what is written later, and all that needs it, until nothing changes. */
function largestBefore(time: number, commits: readonly Commit[]): readonly Commit[] {
  let left = commits.filter(isVisible).filter((commit) => writtenAt(commit) <= time);
  for (;;) {
    const has = (log: string, position: number) => left.some((one) => one.log === log && one.position === position);
    const isClosed = ({ context, log, position }: Commit) =>
      [...Object.entries(context), [log, position - 1] as const].every(([of, upTo]) =>
        Array.from({ length: upTo }, (_, i) => i + 1).every((at) => has(of, at)),
      );
    const next = left.filter(isClosed);
    if (next.length === left.length) return left.sort(foldOrder);
    left = next;
  }
}

describe('a state at an earlier point of a stream with a snapshot', () => {
  const EVERY = 3;

  async function withSnapshot() {
    const us = regionAt('us', 0, domainWithSnapshots({ every: EVERY, codeVersion: 1, settle: 0 }));
    for (const text of ['a', 'b', 'c', 'd']) {
      await write(us, text);
      us.runtime.advance(MINUTE);
    }
    expect((await us.snapshots.newest(STREAM, 1))?.version).toEqual({ us: 3 });
    us.events.calls.length = 0;
    return us;
  }

  it.each([
    ['a version', { version: { us: 3 } }, { version: { us: 2 } }],
    ['a time', { time: START + 2 * MINUTE }, { time: START + 2 * MINUTE - 1 }],
  ])('loads the stream in full if the snapshot includes commits after %s', async (_what, reached, earlier) => {
    const us = await withSnapshot();
    expect(await textsAt(us, { at: reached })).toEqual({ texts: ['a', 'b', 'c'], version: { us: 3 } });
    expect(us.events.calls).toEqual(['load']);
    for (const _again of [1, 2]) {
      us.events.calls.length = 0;
      expect(await textsAt(us, { at: earlier })).toEqual({ texts: ['a', 'b'], version: { us: 2 } });
      expect(us.events.calls).toEqual(['load', 'load']);
    }
  });

  it('is shown even if only newer code knows later events', async () => {
    const us = await withSnapshot();
    const [first] = await us.table.load(STREAM);
    if (!first) throw new Error('There is a first commit.');
    await us.table.put({
      ...first,
      ...{ position: 5, context: { us: 4 }, previous: 4, commitId: 'newer', hlc: 'f000000000000000', wallTime: START },
      events: [{ type: 'Painted', schemaVersion: 1, data: {} }],
    });
    await expect(readStream(us, STREAM)).rejects.toMatchObject({ code: 'unreadable-event' });
    expect(await textsAt(us, { at: { version: { us: 4 } } })).toMatchObject({ texts: ['a', 'b', 'c', 'd'] });
  });
});

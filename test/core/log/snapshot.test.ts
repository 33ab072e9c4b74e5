import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Commit, writtenAt } from '../../../core/facts/commit.ts';
import { nextStamp, wallTimeOf } from '../../../core/facts/hlc.ts';
import { isJson } from '../../../core/facts/json.ts';
import type { Snapshot } from '../../../core/facts/snapshot.ts';
import { meetVersions, type VersionVector, versionCovers, versionDominates } from '../../../core/facts/version.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../../../core/limits/budgets.ts';
import { History } from '../../../core/log/history.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../core/wire/snapshot.ts';
import { account, note } from '../../../testing/toy.ts';
import { aCommit, strangeJson } from '../../contract/commits.ts';
import { inTexts } from '../a-region.ts';
import { commitGraphs, shuffled } from './graph.ts';

const START = Date.UTC(2001, 0, 1);
const DAY = 24 * 60 * 60 * 1000;
const LATER = Date.UTC(2002, 0, 1);
const STREAM = 'note/n';

/** Notes that get a snapshot after this many commits. */
function notes(every: number, settle?: number) {
  return {
    ...note,
    snapshots: { every, codeVersion: 1, ...(settle !== undefined && { settle }) },
  };
}

function noting(position: number, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: STREAM,
    log: 'us',
    position,
    commitId: `c${position}`,
    context: position > 1 ? { us: position - 1 } : {},
    hlc: nextStamp(START + position * 1000),
    events: [{ type: 'Noted', schemaVersion: 1, data: { text: `${position}` } }],
    ...of,
  });
}
function row(count: number): readonly Commit[] {
  return Array.from({ length: count }, (_, i) => noting(i + 1));
}

/** A snapshot that was put and loaded again. */
function kept(snapshot: Snapshot): Snapshot {
  return decodeSnapshot(encodeSnapshot(snapshot));
}

function outside(version: VersionVector, commits: readonly Commit[]): readonly Commit[] {
  return commits.filter((commit) => !versionCovers(version, commit));
}

/** The definition of when a snapshot is usable with these commits. */
function serves({ version, latestStamp }: Snapshot, commits: readonly Commit[]): boolean {
  return outside(version, commits).every(({ hlc, context }) => hlc > latestStamp && versionDominates(context, version));
}

/** Compares everything that a whole history returns, as far as a history based on a snapshot can return it. */
function expectSame(based: History, whole: History, commits: readonly Commit[], base: Snapshot): void {
  const { seen, hidden, latestStamp, state } = whole;
  expect(based).toMatchObject({ hidden, latestStamp, state });
  expect(versionDominates(based.seen, seen) && versionDominates(seen, based.seen)).toBe(true);
  // The latest clock of a writer: others may have written after it with clocks that are behind.
  const taken = Math.max(...commits.filter((commit) => versionCovers(base.version, commit)).map(writtenAt));
  const since = taken - IDEMPOTENCY_WINDOW_MS - DAY;
  const dots = (history: History) =>
    commits
      .filter((commit) => writtenAt(commit) >= since)
      .filter(({ log, position }) => history.reused.some((dot) => dot.log === log && dot.position === position))
      .map(({ log, position }) => `${log}.${position}`);
  expect(dots(based).sort()).toEqual(dots(whole).sort());
  for (const log of ['ap', 'eu', 'us', 'other']) {
    expect(based.hasOtherLogsThan(log)).toBe(whole.hasOtherLogsThan(log));
    expect(based.lastPosition(log)).toBe(whole.lastPosition(log));
    if (versionCovers(seen, { log, position: whole.lastPosition(log) }))
      expect(based.lastPositionWithEvents(log)).toBe(whole.lastPositionWithEvents(log));
  }
  for (const { context } of [...commits, { context: seen }]) {
    const known = meetVersions(seen, context);
    expect(based.hasEventsSince(known)).toBe(whole.since(known).some(({ events }) => events.length > 0));
    expect(based.reaches(known)).toBe(versionDominates(known, base.version));
    if (!based.reaches(known)) continue;
    expect(based.since(known)).toEqual(whole.since(known));
    expect(based.stateAt(known)).toEqual(whole.stateAt(known));
  }
  const latest = Math.max(...commits.map(writtenAt));
  for (const now of [taken - DAY, latest, latest + DAY, latest + 10 * DAY])
    for (const { commitId, fingerprint } of commits)
      for (const asked of [fingerprint, 'another']) {
        const [found, expected] = [based.find(commitId, asked, now), whole.find(commitId, asked, now)];
        expect(found && answerOf(based, found)).toEqual(expected && answerOf(whole, expected));
      }
}

function answerOf(history: History, found: NonNullable<ReturnType<History['find']>>) {
  const { commitId, fingerprint, log, position, hlc } = found;
  return { commitId, fingerprint, log, position, hlc, version: history.versionOf(found) };
}

/** Graphs in which some copies have different content. */
const graphs = commitGraphs.map((all) =>
  all.map((commit) =>
    commit.position % 2 === 0 ? { ...commit, fingerprint: `${commit.log} ${commit.fingerprint}` } : commit,
  ),
);
const arriving = graphs.chain((all) => fc.record({ all: fc.constant(all), order: shuffled(all) }));

describe('a history that continues from a snapshot', () => {
  it('returns the same as a history of all commits, whenever the snapshot was taken, as long as it is usable', () => {
    let [served, refused] = [0, 0];
    fc.assert(
      fc.property(arriving, fc.integer({ min: 1, max: 4 }), ({ order }, every) => {
        for (const [i] of order.entries()) {
          const here = order.slice(0, i + 1);
          const taking = new History(notes(every, 0), STREAM, here);
          const taken = taking.takeSnapshot(LATER);
          if (!taken) continue;
          const snapshot = kept(taken);
          expect(snapshot).toEqual(taken);
          expect(serves(snapshot, here)).toBe(true);
          expectSame(taking, new History(note, STREAM, here), here, snapshot);
          for (let j = i + 1; j <= order.length; j++) {
            const later = order.slice(0, j);
            const based = new History(notes(every, 0), STREAM, outside(snapshot.version, later), snapshot);
            expect(based.holds).toBe(serves(snapshot, later));
            based.holds ? served++ : refused++;
            if (based.holds) expectSame(based, new History(note, STREAM, later), order, snapshot);
          }
        }
      }),
      { numRuns: 80 },
    );
    expect(Math.min(served, refused)).toBeGreaterThan(20);
  });

  it('is read without its details, as older code wrote it', () => {
    const commits = row(3).map((commit) => ({ ...commit, digest: 'd', wallTime: START }));
    const taken = new History(notes(3, 0), STREAM, commits).takeSnapshot(LATER);
    const { details, idsSince: _idsSince, ...older } = JSON.parse(taken ? encodeSnapshot(taken) : '{}');
    expect(details).toEqual(row(3).map(() => ['d', START]));
    const copies = [...decodeSnapshot(JSON.stringify(older)).ids.values()].flat();
    expect(copies.map(({ digest, wallTime }) => [digest, wallTime])).toEqual(row(3).map(() => [undefined, undefined]));
  });

  it('returns the same over many snapshots, each based on the previous one', () => {
    let snapshots = 0;
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 3 }), (all, every) => {
        let history = new History(notes(every, 0), STREAM);
        for (const [i, commit] of all.entries()) {
          const here = all.slice(0, i + 1);
          history.add([commit]);
          if (!history.holds) history = new History(notes(every, 0), STREAM, here);
          const snapshot = history.takeSnapshot(LATER);
          if (!snapshot) continue;
          snapshots++;
          const whole = new History(note, STREAM, here);
          expectSame(history, whole, here, snapshot);
          history = new History(notes(every, 0), STREAM, outside(snapshot.version, here), kept(snapshot));
          expectSame(history, whole, here, snapshot);
        }
      }),
      { numRuns: 100 },
    );
    expect(snapshots).toBeGreaterThan(100);
  });

  it('ignores a commit that is in the snapshot, in any order of arrival', () => {
    const taking = new History(notes(3, 0), STREAM, row(4));
    taking.takeSnapshot(LATER);
    taking.add(row(4));
    expect(taking).toMatchObject({ holds: true, hidden: 0, seen: { us: 4 } });
    expect(inTexts(taking.state)).toMatchObject({ texts: ['1', '2', '3', '4'] });
  });

  it('is unusable with a commit that has not seen all of it, even while that commit is hidden', () => {
    const history = new History(notes(3, 0), STREAM, row(3));
    history.takeSnapshot(LATER);
    history.add([noting(2, { log: 'eu', context: { us: 2, eu: 1 }, hlc: nextStamp(START + DAY) })]);
    expect(history).toMatchObject({ holds: false, hidden: 1 });
    expect(history.takeSnapshot(LATER)).toBeUndefined();
  });

  it('ignores a copy of a commit in the snapshot for 14 days from its last copy, and counts a copy a millisecond later', () => {
    const [first] = row(1) as [Commit];
    const last = noting(2, { commitId: first.commitId, hlc: nextStamp(wallTimeOf(first.hlc) + IDEMPOTENCY_WINDOW_MS) });
    for (const [late, texts] of [
      [0, ['1']],
      [1, ['1', 'late']],
    ] as const) {
      const history = new History(notes(2, 0), STREAM, [first, last]);
      history.takeSnapshot(LATER);
      const hlc = nextStamp(wallTimeOf(last.hlc) + IDEMPOTENCY_WINDOW_MS + late);
      const events = [{ type: 'Noted', schemaVersion: 1, data: { text: 'late' } }];
      history.add([noting(3, { commitId: first.commitId, fingerprint: 'another', hlc, events })]);
      expect(inTexts(history.state)).toMatchObject({ texts });
      expect(history.reused).toHaveLength(late === 0 ? 1 : 0);
    }
  });

  it('drops ids that are older than 15 days, and keeps an id’s first request as long as the id', () => {
    const at = (position: number, days: number, of: Partial<Commit> = {}) =>
      noting(position, { hlc: nextStamp(START + days * DAY), ...of });
    const history = new History(notes(2, 0), STREAM, [
      at(1, 0, { commitId: 'kept', fingerprint: 'first' }),
      at(2, 1, { commitId: 'forgotten' }),
      at(3, 10, { commitId: 'kept', fingerprint: 'other' }),
      at(4, 20),
    ]);
    const snapshot = history.takeSnapshot(LATER);
    expect([...(snapshot?.ids.keys() ?? [])]).toEqual(['kept', 'c4']);
    expect(snapshot?.ids.get('kept')).toMatchObject([{ position: 3, fingerprint: 'other', countsAs: 'first' }]);
    expect(snapshot && kept(snapshot)).toEqual(snapshot);
    expect(history.reused).toMatchObject([{ log: 'us', position: 3 }]);
    history.add([at(5, 21, { commitId: 'kept', fingerprint: 'first' })]);
    expect(history.reused).toHaveLength(1);
  });
});

describe('a snapshot', () => {
  it('is taken after a number of commits, and the next one after the same number again', () => {
    const history = new History(notes(3, 0), STREAM);
    const taken = row(8).map((commit) => {
      history.add([commit]);
      return history.takeSnapshot(LATER)?.version;
    });
    expect(taken).toEqual([undefined, undefined, { us: 3 }, undefined, undefined, { us: 6 }, undefined, undefined]);
  });

  it('is not taken of a type without snapshots', () => {
    expect(new History(note, STREAM, row(1000)).takeSnapshot(LATER)).toBeUndefined();
  });

  it('waits for a tenth as many commits as it has ids, so that ids are not rewritten too often', () => {
    const history = new History(notes(3, 0), STREAM, row(100));
    expect(history.takeSnapshot(LATER)?.ids.size).toBe(100);
    history.add(row(109));
    expect(history.takeSnapshot(LATER)).toBeUndefined();
    history.add(row(110));
    expect(history.takeSnapshot(LATER)?.version).toEqual({ us: 110 });
  });

  it('leaves out the last minute of a merge stream, and nothing of a home stream', () => {
    const now = START + 4000 + 60_000;
    expect(new History(notes(3), STREAM, row(6)).takeSnapshot(now)?.version).toEqual({ us: 4 });
    expect(new History(notes(3), STREAM, row(6)).takeSnapshot(now - 2000)).toBeUndefined();
    const deposits = row(6).map((commit) => ({
      ...commit,
      events: [{ type: 'Deposited', schemaVersion: 2, data: { amount: 1 } }],
    }));
    const accounts = { ...account, snapshots: { every: 3, codeVersion: 1 } };
    expect(new History(accounts, STREAM, deposits).takeSnapshot(START)?.state).toBe(6);
  });

  it('includes only what every other commit has seen, including hidden ones', () => {
    const based = { context: { us: 4 }, hlc: nextStamp(START + DAY) };
    for (const other of [noting(1, { log: 'eu', ...based }), noting(2, { log: 'eu', ...based })]) {
      const history = new History(notes(3, 0), STREAM, [...row(6), other]);
      const version = other.position === 1 ? { us: 6, eu: 1 } : { us: 4 };
      expect(history.takeSnapshot(LATER)?.version).toEqual(version);
      expect(history.holds).toBe(true);
    }
  });

  it('is retried only after the same number of commits again if the fold fails', () => {
    let folds = 0;
    const evolve = () => {
      folds++;
      throw new Error('cannot');
    };
    const history = new History({ ...notes(3, 0), evolve }, STREAM);
    for (const commit of row(8)) {
      history.add([commit]);
      try {
        history.takeSnapshot(LATER);
      } catch {}
    }
    expect(folds).toBe(2);
  });

  it('is not taken of a stream with an event that only newer code knows', () => {
    const newer = noting(3, { events: [{ type: 'Noted', schemaVersion: 9, data: {} }] });
    expect(new History(notes(3, 0), STREAM, [...row(2), newer]).takeSnapshot(LATER)).toBeUndefined();
  });

  it('is preserved exactly with any JSON state', () => {
    for (const state of strangeJson) {
      const history = new History({ ...notes(1, 0), evolve: () => state as never }, STREAM, row(1));
      const snapshot = history.takeSnapshot(LATER);
      expect(snapshot && JSON.stringify(kept(snapshot).state)).toBe(JSON.stringify(state));
    }
  });

  it('is refused if its state is not JSON', () => {
    const snapshot = new History({ ...notes(1, 0), evolve: () => new Date(0) as never }, STREAM, row(1)).takeSnapshot(
      LATER,
    );
    expect(() => snapshot && encodeSnapshot(snapshot)).toThrow(
      'The state of note/n is not JSON. Fix its type’s evolve, or remove snapshots from its definition.',
    );
  });

  it.each(['', '{}', 'null', '{"stream":"note/n"}'])('is refused if the text is invalid: %s', (text) => {
    expect(() => decodeSnapshot(text)).toThrow();
  });
});

describe('JSON', () => {
  class Point {
    readonly x = 1;
  }
  const holed: unknown[] = [1, 2];
  delete holed[0];
  it.each([
    [undefined],
    [{ a: undefined }],
    [[undefined]],
    [holed],
    [Object.assign([1], { extra: 1 })],
    [-0],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1n],
    [Symbol('s')],
    [{ [Symbol('s')]: 1 }],
    [() => 1],
    [new Date(0)],
    [new Map()],
    [new Set([1])],
    [new Point()],
    [{ deep: [{ x: new Point() }] }],
    [Object.create(null)],
    [{ toJSON: () => 1 }],
  ])('is not %o', (value) => {
    expect(isJson(value)).toBe(false);
  });

  it('may be unusual', () => {
    for (const value of strangeJson) expect(isJson(value)).toBe(true);
  });

  it('is anything preserved by a round trip', () => {
    fc.assert(
      fc.property(
        fc.anything({ withMap: true, withDate: true, withNullPrototype: true, withBigInt: true }),
        (value) => {
          if (isJson(value)) expect(JSON.parse(JSON.stringify(value))).toStrictEqual(value);
        },
      ),
    );
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(isJson(JSON.parse(JSON.stringify(value)))).toBe(true);
      }),
    );
  });
});

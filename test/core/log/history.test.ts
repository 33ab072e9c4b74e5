import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Commit, foldOrder, writtenAt } from '../../../core/facts/commit.ts';
import { nextStamp, wallTimeOf } from '../../../core/facts/hlc.ts';
import {
  joinVersions,
  sameVersion,
  type VersionVector,
  versionCovers,
  versionDominates,
} from '../../../core/facts/version.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../../../core/limits/budgets.ts';
import { Fold } from '../../../core/log/fold.ts';
import { History } from '../../../core/log/history.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { arrivals, commitGraphs, folded, seenOf, shuffled } from './graph.ts';

function historyOf(commits: Iterable<Commit> = []): History {
  return new History(note, 'note/n', commits);
}

function noting(text: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: 'note/n',
    context: {},
    events: [{ type: 'Noted', schemaVersion: 1, data: { text } }],
    ...of,
  });
}

function isClosed(version: VersionVector, commits: readonly Commit[]): boolean {
  return commits.every((commit) => !versionCovers(version, commit) || versionDominates(version, commit.context));
}

describe('history', () => {
  it('is empty without commits', () => {
    const history = historyOf();
    expect(history).toMatchObject({ seen: {}, hidden: 0, reused: [], state: note.initial, latestStamp: undefined });
    expect(history.since({})).toEqual([]);
    expect(history.lastPosition('us')).toBe(0);
    expect(history.lastPositionWithEvents('us')).toBe(0);
    expect(history.hasOtherLogsThan('us')).toBe(false);
  });

  it('sees the largest version whose commits are all present and whose contexts it covers, in any order of arrival', () => {
    fc.assert(
      fc.property(arrivals, ({ arrived }) => {
        const history = historyOf();
        for (const [i, commit] of arrived.entries()) {
          history.add([commit]);
          expect(sameVersion(history.seen, seenOf(arrived.slice(0, i + 1)))).toBe(true);
        }
        expect(sameVersion(historyOf(arrived).seen, history.seen)).toBe(true);
        const seen = new Set(arrived.filter((commit) => versionCovers(history.seen, commit)));
        expect(history.hidden).toBe(new Set(arrived).size - seen.size);
      }),
      { numRuns: 300 },
    );
  });

  it('has the state of its seen commits, whatever their order of arrival and whenever it was read before', () => {
    fc.assert(
      fc.property(arrivals, ({ arrived }) => {
        const history = historyOf();
        for (const [i, commit] of arrived.entries()) {
          history.add([commit]);
          const here = arrived.slice(0, i + 1);
          expect(history.state).toEqual(folded(here.filter((c) => versionCovers(seenOf(here), c))));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('reaches one state in every Region once everything has arrived', () => {
    fc.assert(
      fc.property(
        commitGraphs.chain((all) => fc.record({ all: fc.constant(all), one: shuffled(all), other: shuffled(all) })),
        ({ all, one, other }) => {
          const reference = new Fold(note);
          for (const commit of all.toSorted(foldOrder)) reference.apply(commit);
          for (const history of [historyOf(one), historyOf(other)]) {
            expect(history.state).toEqual(reference.state);
            expect(history.hidden).toBe(0);
            expect(history.reused).toEqual(reference.reused);
          }
        },
      ),
    );
  });

  it('has the state of any version that it has seen', () => {
    fc.assert(
      fc.property(arrivals, fc.nat(), ({ all, arrived }, pick) => {
        const history = historyOf(all);
        const version = joinVersions(seenOf(arrived), all[pick % (all.length || 1)]?.context ?? {});
        expect(history.stateAt(version)).toEqual(folded(all.filter((commit) => versionCovers(version, commit))));
        expect(history.stateAt({ ...history.seen })).toEqual(history.state);
      }),
    );
  });

  it('returns the smallest version that includes a commit and all its dependencies', () => {
    fc.assert(
      fc.property(commitGraphs, (all) => {
        const history = historyOf(all);
        for (const commit of all) {
          const version = history.versionOf(commit);
          expect(versionCovers(version, commit) && versionDominates(version, commit.context)).toBe(true);
          expect(isClosed(version, all)).toBe(true);
          expect(versionDominates(seenOf(all.filter((c) => versionCovers(version, c))), version)).toBe(true);
          // It is the smallest: the commit depends on everything that it covers, directly or indirectly.
          let needed: VersionVector = { [commit.log]: commit.position };
          for (let before: VersionVector | undefined; needed !== before; ) {
            before = needed;
            for (const c of all) if (versionCovers(needed, c)) needed = joinVersions(needed, c.context);
          }
          expect(sameVersion(version, needed)).toBe(true);
        }
      }),
    );
  });

  it('returns a version for a hidden commit too, whose log has gaps', () => {
    const hidden = noting('c', { log: 'eu', position: 3, context: { us: 1 } });
    expect(historyOf([hidden]).versionOf(hidden)).toEqual({ eu: 3, us: 1 });
  });

  it('returns every commit once, even a late one, to a reader that follows it from version to version', () => {
    fc.assert(
      fc.property(
        commitGraphs.chain(shuffled),
        fc.infiniteStream(fc.integer({ min: 1, max: 3 })),
        (arriving, limits) => {
          const history = historyOf();
          const read: Commit[] = [];
          let version: VersionVector = {};
          const readPage = (): void => {
            for (const commit of history.since(version).slice(0, limits.next().value)) {
              read.push(commit);
              version = joinVersions(version, { [commit.log]: commit.position });
            }
            expect(isClosed(version, arriving)).toBe(true);
          };
          for (const commit of arriving) {
            history.add([commit]);
            readPage();
          }
          while (history.since(version).length > 0) readPage();
          expect(read.toSorted(foldOrder)).toEqual(arriving.toSorted(foldOrder));
        },
      ),
    );
  });

  it('has the highest stamp of all commits, including hidden ones', () => {
    const history = historyOf([noting('a', { hlc: '03', position: 2 }), noting('b', { hlc: '02', log: 'eu' })]);
    expect(history).toMatchObject({ latestStamp: '03', hidden: 1 });
  });

  it('has the lowest stamp of the hidden commits, and none if no commit is hidden', () => {
    const first = noting('a', { log: 'us', hlc: '01' });
    const second = noting('b', { log: 'us', position: 2, hlc: '02', context: { us: 1 } });
    const third = noting('c', { log: 'us', position: 3, hlc: '03', context: { us: 2 } });
    const history = historyOf([third, second]);
    expect([history.hidden, history.oldestHidden]).toEqual([2, '02']);
    history.add([first]);
    expect([history.hidden, history.oldestHidden]).toEqual([0, undefined]);
  });

  it('has the last position of a log, and the last position with events', () => {
    const history = historyOf([
      noting('a', { position: 1, previous: 0 }),
      noting('b', { position: 2, previous: 1, events: [] }),
      noting('c', { position: 3, previous: 1, events: [] }),
      noting('d', { log: 'eu', position: 1 }),
    ]);
    expect(history.lastPosition('us-east-1')).toBe(3);
    expect(history.lastPositionWithEvents('us-east-1')).toBe(1);
    expect(history.lastPositionWithEvents('eu')).toBe(1);
  });

  it('reports whether another Region has written the stream, even if that commit is still hidden', () => {
    expect(historyOf([noting('a', { log: 'us' })]).hasOtherLogsThan('us')).toBe(false);
    expect(
      historyOf([noting('a', { log: 'us' }), noting('b', { log: 'eu', position: 9 })]).hasOtherLogsThan('us'),
    ).toBe(true);
  });

  describe('find', () => {
    const stamp = nextStamp(Date.UTC(2001, 0, 1));
    const commit = noting('a', { commitId: 'id', hlc: stamp });

    it('finds a commit by its id for 14 days', () => {
      const history = historyOf([commit]);
      expect(history.find('id', commit.fingerprint, wallTimeOf(stamp) + IDEMPOTENCY_WINDOW_MS)).toBe(commit);
      expect(history.find('id', commit.fingerprint, wallTimeOf(stamp) + IDEMPOTENCY_WINDOW_MS + 1)).toBeUndefined();
      expect(history.find('other', commit.fingerprint, wallTimeOf(stamp))).toBeUndefined();
    });

    it('finds a commit whose stamp is ahead of the clock', () => {
      expect(historyOf([commit]).find('id', commit.fingerprint, 0)).toBe(commit);
    });

    it('finds a hidden commit: it was appended nevertheless', () => {
      const hidden = { ...commit, position: 7 };
      expect(historyOf([hidden]).find('id', commit.fingerprint, 0)).toBe(hidden);
    });

    it('counts the 14 days from the copy that was written last, whichever arrived last', () => {
      const last = { ...commit, log: 'eu', hlc: nextStamp(wallTimeOf(stamp) + IDEMPOTENCY_WINDOW_MS) };
      for (const order of [
        [commit, last],
        [last, commit],
      ])
        expect(historyOf(order).find('id', commit.fingerprint, wallTimeOf(last.hlc) + IDEMPOTENCY_WINDOW_MS)).toBe(
          last,
        );
    });

    it('finds the copy of the same request if another Region reused the id later', () => {
      const other = { ...commit, log: 'eu', fingerprint: 'another', hlc: nextStamp(wallTimeOf(stamp) + 1) };
      for (const order of [
        [commit, other],
        [other, commit],
      ]) {
        expect(historyOf(order).find('id', commit.fingerprint, 0)).toBe(commit);
        expect(historyOf(order).find('id', 'a third', 0)).toBe(other);
      }
    });

    it('finds a commit exactly if a fold would ignore a copy of it written now', () => {
      fc.assert(
        fc.property(commitGraphs, fc.nat(20 * 24 * 3600_000), fc.nat(), (all, later, pick) => {
          const { commitId = 'none' } = all[pick % (all.length || 1)] ?? {};
          const history = historyOf(all);
          const now = Math.max(...all.map(writtenAt), wallTimeOf(stamp)) + later;
          const hlc = nextStamp(now, history.latestStamp);
          const copy = noting('copy', { log: 'zz', commitId, hlc, wallTime: now, context: {} });
          const isIgnored = folded([...all, copy]).length === folded(all).length;
          expect(history.find(commitId, 'request', now) !== undefined).toBe(isIgnored);
        }),
      );
    });
  });
});

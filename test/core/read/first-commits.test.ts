import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { emptyVersion, type VersionVector } from '../../../core/facts/version.ts';
import { History } from '../../../core/log/history.ts';
import { readCommits } from '../../../core/read/streams.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { anAppend, aRegion } from '../a-region.ts';
import { arrivals } from '../log/graph.ts';

const STREAM = 'note/n';

function aRegionWith(commits: readonly Commit[]) {
  const us = aRegion();
  for (const commit of commits) us.table.replicate(commit);
  let read = 0;
  const loadFirst: typeof us.events.loadFirst = async (...args) => {
    const first = await us.table.loadFirst(...args);
    read += first.commits.length;
    return first;
  };
  return { us: { ...us, events: { ...us.events, loadFirst } }, read: () => read };
}

type Reader = ReturnType<typeof aRegionWith>['us'];

async function pages(us: Reader, limit: number): Promise<readonly (readonly Commit[])[]> {
  const all: (readonly Commit[])[] = [];
  let after: VersionVector = emptyVersion;
  for (;;) {
    const page = await readCommits(us, STREAM, { after, limit });
    all.push(page.commits);
    if (!page.more) return all;
    after = page.version;
  }
}

function logOf(log: string, length: number, of: (position: number) => Partial<Commit>): readonly Commit[] {
  return Array.from({ length }, (_, i) =>
    aCommit({ stream: STREAM, log, position: i + 1, commitId: `${log}-${i + 1}`, ...of(i + 1) }),
  );
}

describe('a page of commits', () => {
  it('is the same as of all commits, whatever has arrived', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 5 }), async ({ arrived }, limit) => {
        const seen = new History(note, STREAM, arrived).since({});
        const all = await pages(aRegionWith(arrived).us, limit);
        expect(all.flat()).toEqual(seen);
        expect(all.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
      }),
    );
  });

  it('loads a limited number of commits, however long the stream is', async () => {
    const stamp = (position: number, log: number) => ({
      hlc: (3 * position + log).toString(16).padStart(16, '0'),
    });
    const commits = ['ap', 'eu', 'us'].flatMap((log, l) =>
      logOf(log, 1_000, (position) => ({ ...stamp(position, l), context: { [log]: position - 1 } })),
    );
    const { us, read } = aRegionWith(commits);
    const first = await readCommits(us, STREAM, { limit: 1 });
    expect(first.commits).toMatchObject([{ log: 'ap', position: 1 }]);
    expect(read()).toBe(6);
    const later = await readCommits(us, STREAM, { after: { ap: 500, eu: 500, us: 499 }, limit: 1 });
    expect(later).toMatchObject({ commits: [{ log: 'us', position: 500 }], more: true });
    expect(read()).toBe(12);
  });

  it('goes on past positions that no reader sees, and past a log that is hidden', async () => {
    const stamp = (position: number) => ({ hlc: (position + 16).toString(16).padStart(16, '0') });
    const aborted = logOf('us', 40, (position) => ({
      ...stamp(position),
      context: { us: position - 1 },
      ...(position < 40 && { tx: { state: 'aborted', deadline: 1 } }),
    }));
    const hidden = logOf('eu', 40, (position) => ({ ...stamp(0), context: { ap: 1, eu: position - 1 } }));
    const page = await readCommits(aRegionWith([...aborted, ...hidden]).us, STREAM, { limit: 3 });
    expect(page).toMatchObject({ commits: [{ log: 'us', position: 40 }], more: false });
  });

  it('looks up no log of a version that names more than any deployment has: it loads the stream, and refuses the version', async () => {
    const us = aRegion('us');
    await appendToStream(us, anAppend());
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`log-${i}`, 1]));
    us.events.calls.length = 0;
    await expect(readCommits({ ...us, logs: ['us'] }, STREAM, { after: many })).rejects.toThrow(
      expect.objectContaining({ code: 'validation' }),
    );
    expect(us.events.calls).toEqual(['load']);
  });

  it('waits for a version that has not been seen, such as one whose last commit is an undecided intent', async () => {
    const [intent] = logOf('us', 1, () => ({ context: {}, tx: { state: 'prepared', deadline: 1e15 } }));
    const { us } = aRegionWith(intent ? [intent] : []);
    const refused = expect.objectContaining({ code: 'not-caught-up' });
    await expect(readCommits(us, STREAM, { after: { us: 1 } })).rejects.toThrow(refused);
    await expect(readCommits(us, STREAM, { after: { us: 1, eu: 2 } })).rejects.toThrow(refused);
  });
});

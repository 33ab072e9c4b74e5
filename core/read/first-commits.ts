import { streamTypeOf } from '../definition/domain.ts';
import { type Commit, foldOrder } from '../facts/commit.ts';
import type { Snapshot } from '../facts/snapshot.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { type VersionVector, versionCovers } from '../facts/version.ts';
import { History } from '../log/history.ts';
import { type LoadPorts, withDecisions } from '../log/load.ts';

/** The first seen commits of a stream after a version. */
export interface FirstSeen {
  readonly commits: readonly Commit[];
  /** What was loaded for it. */
  readonly history: History;
}

/**
 * The first seen commits that `after` does not cover, in fold order, and at least `count` if there are as many. Loads the
 * first commits of each log, and more only as long as they do not suffice.
 *
 * Stamps ascend within a log, and extend causal order. So the commits up to the lowest of the last loaded stamps are
 * complete, with everything that they depend on. A log whose last loaded commit is hidden does not count: what follows is
 * hidden too, until the logs that it depends on have been loaded further.
 * @param after a version that this Region has seen
 */
export async function firstSeen(
  ports: LoadPorts,
  { name, type }: StreamRef,
  after: VersionVector,
  count: number,
): Promise<FirstSeen> {
  const history = new History(streamTypeOf(ports.domain, type), name, [], baseAt(name, after));
  for (;;) {
    const { commits: loaded, cut } = await ports.events.loadFirst(name, history.held, count);
    history.add(loaded);
    await withDecisions(ports, history);
    const ends = cut
      .map((log) => lastOf(log, loaded))
      .filter((commit) => commit !== undefined)
      .filter((commit) => versionCovers(history.seen, commit))
      .sort(foldOrder);
    const seen = history.since(after);
    const [end] = ends;
    const commits = end ? seen.filter((commit) => foldOrder(commit, end) <= 0) : seen;
    if (!end || commits.length >= count) return { commits, history };
  }
}

function lastOf(log: string, commits: readonly Commit[]): Commit | undefined {
  const own = commits.filter((commit) => commit.log === log);
  return own.sort((a, b) => a.position - b.position).at(-1);
}

/** A base that has only a version: what is computed from it are the seen commits after it, but no state. */
function baseAt(stream: string, version: VersionVector): Snapshot {
  return {
    stream,
    codeVersion: 0,
    schemaVersions: {},
    version,
    latestStamp: '',
    withEvents: {},
    state: undefined,
    ids: new Map(),
  };
}

import type { Commit } from '../facts/commit.ts';
import type { VersionVector } from '../facts/version.ts';

/** The first commits of each log of a stream after a version. */
export interface FirstCommits {
  readonly commits: readonly Commit[];
  /** The logs of which more may follow. */
  readonly cut: readonly string[];
}

/**
 * How a `strong` stream is read. `strong`: as it is in all Regions, if a majority of them can be reached. `local`: as this Region's
 * replica shows it, which may be old and lack any of its commits.
 */
export type Consistency = 'strong' | 'local';

/** The streams of the `events` table of this Region. */
export interface EventStore {
  /**
   * The commits of a stream in this replica that `after` does not cover, including logs that `after` does not name. In
   * any order, strongly consistent. One Query per page, plus one for every log of `after`, in parallel.
   * @param consistency of a `strong` stream. @default strong
   */
  load(stream: string, after?: VersionVector, consistency?: Consistency): Promise<readonly Commit[]>;
  /**
   * The first commits of each log that `after` does not cover: at least one of every log that has any, and about `limit`.
   * In any order, strongly consistent. About one Query for every log, plus one for every log of `after`, of at most a
   * megabyte each.
   */
  loadFirst(stream: string, after: VersionVector, limit: number): Promise<FirstCommits>;
  /** The commits of one log after a position, strongly consistent. */
  loadLog(stream: string, log: string, after: number): Promise<readonly Commit[]>;
  /**
   * Writes a commit if its position is free: one conditional write.
   * @returns the commit that already has the position; undefined if this one was written
   */
  put(commit: Commit): Promise<Commit | undefined>;
}

import type { Commit } from '../facts/commit.ts';
import type { VersionVector } from '../facts/version.ts';

/** The streams of the `events` table of this Region. */
export interface EventStore {
  /**
   * The commits of a stream that this replica holds and `after` does not cover, in any order, strongly consistent: also
   * those of logs that nobody has heard of. One Query a page, and one more for every log of `after`, side by side.
   */
  load(stream: string, after?: VersionVector): Promise<readonly Commit[]>;
  /** The commits of one log behind a position, strongly consistent. */
  loadLog(stream: string, log: string, after: number): Promise<readonly Commit[]>;
  /**
   * Takes the commit's position, if it is free: one conditional write.
   * @returns the commit that holds the position already, undefined when this one was written
   */
  put(commit: Commit): Promise<Commit | undefined>;
}

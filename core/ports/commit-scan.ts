import type { Commit } from '../facts/commit.ts';

/** The whole `events` table of this Region, in segments that can be read at the same time. */
export interface CommitScan {
  /**
   * The next commits of one segment of the table, strongly consistent: what is there when the first page is asked for is on
   * one of the pages, each commit in one segment. Streams come in any order, the commits of each one after another.
   * @param segment 0 to `segments` - 1
   * @param after the cursor of the page before
   */
  scan(segment: number, segments: number, after: string | undefined, limit: number): Promise<CommitsPage>;
}

export interface CommitsPage {
  readonly commits: readonly Commit[];
  /** Undefined: the segment ends here. A page with a cursor may be empty. */
  readonly cursor: string | undefined;
}

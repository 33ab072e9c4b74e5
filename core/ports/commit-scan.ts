import type { Commit } from '../facts/commit.ts';
import type { Decision } from '../facts/decision.ts';

/** The whole `events` table of this Region, in segments that can be read in parallel. */
export interface CommitScan {
  /**
   * The next commits of one segment of the table, strongly consistent: every commit present when the first page is read
   * is on exactly one page of one segment. Streams are in any order, but the commits of a stream are adjacent.
   * @param segment 0 to `segments` - 1
   * @param after the cursor of the previous page
   */
  scan(segment: number, segments: number, after: string | undefined, limit: number): Promise<CommitsPage>;
}

export interface CommitsPage {
  readonly commits: readonly Commit[];
  /** The decisions on one-Region transactions, which are in the same table: each on exactly one page, too, in any order. */
  readonly outcomes: readonly Decision[];
  /** Undefined at the end of the segment. A page with a cursor may be empty. */
  readonly cursor: string | undefined;
}

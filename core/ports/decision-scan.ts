import type { Decision } from '../facts/decision.ts';

/** The whole `transactions` table of this Region, in segments that can be read in parallel. */
export interface DecisionScan {
  /**
   * The next decisions of one segment of the table, strongly consistent as in `Decisions`: every decision present when
   * the first page is read is on exactly one page of one segment. Transactions are in any order, but the decisions of a
   * transaction are adjacent, in the order of its attempts.
   * @param segment 0 to `segments` - 1
   * @param after the cursor of the previous page
   */
  scan(segment: number, segments: number, after: string | undefined, limit: number): Promise<DecisionsPage>;
}

export interface DecisionsPage {
  readonly decisions: readonly Decision[];
  /** Undefined at the end of the segment. A page with a cursor may be empty. */
  readonly cursor: string | undefined;
}

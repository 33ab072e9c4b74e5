import type { Commit } from '../facts/commit.ts';
import type { Decision } from '../facts/decision.ts';
import type { Dot } from '../facts/version.ts';

/** Transactions whose streams are all at home in this Region: their decisions are in its `events` table. */
export interface OneRegionTransactions {
  /**
   * Writes a transaction: one TransactWriteItems. Takes every commit's position, if they are all free, the positions of
   * `free` are free too, and there is no decision under the transaction's id yet.
   * @returns undefined when all of it was written, else what was in the way: nothing was written
   */
  transact(write: OneRegionWrite): Promise<InTheWay | undefined>;
  /** The decision on a one-Region transaction, strongly consistent; only in the Region that drives it. */
  findDecision(transaction: string): Promise<Decision | undefined>;
  /** Keeps a decision, if there is none. @returns the one that is there already, undefined when this one was written */
  putDecision(decision: Decision): Promise<Decision | undefined>;
}

export interface OneRegionWrite {
  readonly commits: readonly Commit[];
  /** What the transaction only reads: positions that have to be free still. */
  readonly free: readonly (Dot & { readonly stream: string })[];
  readonly decision: Decision;
}

/** Why a one-Region transaction was not written. */
export interface InTheWay {
  /** What is kept under its id already. */
  readonly decision?: Decision | undefined;
  /** What holds its positions. */
  readonly taken: readonly Commit[];
  /** Streams that another request was writing at that moment. */
  readonly contended: readonly string[];
}

import type { Commit } from '../facts/commit.ts';
import type { Decision } from '../facts/decision.ts';
import type { Dot } from '../facts/version.ts';

/** Transactions whose streams all have their home in this Region: their decisions are in its `events` table. */
export interface OneRegionTransactions {
  /**
   * Writes a transaction: one TransactWriteItems. Succeeds if the positions of all commits and those in `free` are not
   * taken, and the transaction has no decision yet.
   * @returns undefined if everything was written, otherwise the conflict: nothing was written
   */
  transact(write: OneRegionWrite): Promise<InTheWay | undefined>;
  /** The decision on a one-Region transaction, strongly consistent; only in the Region that drives it. */
  findDecision(transaction: string): Promise<Decision | undefined>;
  /** Writes a decision, if there is none. @returns the existing one; undefined if this one was written */
  putDecision(decision: Decision): Promise<Decision | undefined>;
}

export interface OneRegionWrite {
  readonly commits: readonly Commit[];
  /** The next positions of the streams that are only checked: they must still be free. */
  readonly free: readonly (Dot & { readonly stream: string })[];
  readonly decision: Decision;
}

/** Why a one-Region transaction was not written. */
export interface InTheWay {
  /** The decision that is already stored under its id. */
  readonly decision?: Decision | undefined;
  /** The commits that already have its positions. */
  readonly taken: readonly Commit[];
  /** Streams that another request was writing at the same time. */
  readonly contended: readonly string[];
}

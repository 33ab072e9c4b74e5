import type { Decision } from '../facts/decision.ts';

/** The decisions in the `transactions` table. */
export interface Decisions {
  /**
   * True if a write in any Region is visible to all at once (MRSC). If false (MREC), only the driving Region may put
   * decisions, and only its replica shows reliably that a decision was not made.
   */
  readonly strong: boolean;
  /** The commit point: puts a decision, if its attempt has none. @returns the existing one, or undefined if this one was written */
  put(decision: Decision): Promise<Decision | undefined>;
  /** The decision on one attempt: one GetItem. */
  find(transaction: string, attempt: number, options?: FindOptions): Promise<Decision | undefined>;
  /** All decisions of a transaction in the order of its attempts: one Query. @default read strong */
  attempts(transaction: string, read?: DecisionRead): Promise<readonly Decision[]>;
}

/** `strong`: strongly consistent; with MREC, only within this Region's replica. `local`: may be stale, but waits for no other Region. */
export type DecisionRead = 'strong' | 'local';

export interface FindOptions {
  /** @default strong */
  readonly read?: DecisionRead;
  /** Milliseconds for the call, if less than the adapter's own limit. */
  readonly within?: number | undefined;
}

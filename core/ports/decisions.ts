import type { Decision } from '../facts/decision.ts';

/** The `transactions` table: the decisions. */
export interface Decisions {
  /**
   * Whether every Region sees at once what any has written (MRSC). If not (MREC), a decision is put, and the absence of one
   * means something, only in the Region that drives the transaction.
   */
  readonly strong: boolean;
  /** The commit point: puts a decision, if its attempt has none. @returns the one that is there already */
  put(decision: Decision): Promise<Decision | undefined>;
  /**
   * The decision on one attempt, strongly consistent: on MREC as this Region's replica has it.
   * @param within milliseconds for the call, if that is less than the adapter's own
   */
  find(transaction: string, attempt: number, within?: number): Promise<Decision | undefined>;
  /**
   * All decisions of a transaction in the order of its attempts: one Query.
   * @param read `strong` as `find`; `local` may be behind, but waits for no other Region @default strong
   */
  attempts(transaction: string, read?: 'strong' | 'local'): Promise<readonly Decision[]>;
}

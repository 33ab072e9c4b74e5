import type { Commit } from './commit.ts';
import type { Problem } from './errors.ts';
import type { Dot, VersionVector } from './version.ts';

/** The intent of one participant. */
export interface PreparedIntent extends Dot {
  readonly stream: string;
  /**
   * The Region that wrote the intent, and makes it final: the home of the stream may have changed since. Undefined in a
   * one-Region transaction, and in decisions of older code.
   */
  readonly region?: string | undefined;
  /** The version that covers the intent and what it was based on. */
  readonly version: VersionVector;
}

/** Why a transaction was aborted. */
export interface AbortReason {
  /** The participant that caused the abort; undefined if none did. */
  readonly stream?: string | undefined;
  readonly problem: Problem;
}

/**
 * The recorded outcome of one attempt. Creating the record is the commit point: it is written once and never changes.
 */
export interface Decision {
  readonly transaction: string;
  /** The number of the attempt: 1, 2, 3 …; 0 if an outcome was promised but no attempt is decided yet. */
  readonly attempt: number;
  readonly state: 'committed' | 'aborted';
  /** True if this is the transaction's outcome. Otherwise another attempt follows, or was planned. */
  readonly final: boolean;
  /** Fingerprint of the transaction. */
  readonly fingerprint: string;
  /** If committed: the intents that are committed; all others are aborted. */
  readonly participants: readonly PreparedIntent[];
  /** If aborted: why. */
  readonly reason?: AbortReason | undefined;
  /** Milliseconds after `decidedAt` within which the next attempt ends. */
  readonly remaining: number;
  /**
   * When the transaction began, by the driving Region's clock, so that a retry keeps its age. Set if another attempt may
   * follow; older code did not write it.
   */
  readonly began?: number | undefined;
  /** Milliseconds from then until its deadline. */
  readonly timeout?: number | undefined;
  /** Milliseconds since 1970, by the clock of `region`. */
  readonly decidedAt: number;
  /** The Region that made the decision. */
  readonly region: string;
}

/** What an attempt after an aborted one needs to know. */
export type NextAttempt = Pick<Decision, 'remaining' | 'began' | 'timeout'>;

/**
 * The record of an aborted attempt.
 * @param next of the attempt that may follow; undefined: none does, and this is the outcome
 */
export function abortOf(
  of: Pick<Decision, 'transaction' | 'attempt' | 'fingerprint' | 'decidedAt' | 'region'>,
  reason: AbortReason | undefined,
  next?: NextAttempt,
): Decision {
  return {
    ...of,
    state: 'aborted',
    final: next === undefined,
    participants: [],
    ...(reason && { reason }),
    remaining: next?.remaining ?? 0,
    ...(next?.began !== undefined && { began: next.began }),
    ...(next?.timeout !== undefined && { timeout: next.timeout }),
  };
}

/** The known state of a transaction. */
export type Outcome =
  /** No record under this id: the transaction never arrived, or its first attempt is still in progress. */
  | { readonly id: string; readonly state: 'unknown' }
  | { readonly id: string; readonly state: 'undecided' }
  | { readonly id: string; readonly state: 'committed'; readonly participants: readonly PreparedIntent[] }
  | { readonly id: string; readonly state: 'aborted'; readonly reason: AbortReason };

/** Stream type of the items that store outcomes of one-Region transactions: `tx/<id>`. */
export const TRANSACTION_TYPE = 'tx';

/** The id of an attempt, which is the commitId of its intents: `us-east-1:order-17#1`. */
export function attemptIdOf({ transaction, attempt }: Pick<Decision, 'transaction' | 'attempt'>): string {
  return `${transaction}#${attempt}`;
}

/** The final state of an intent. */
export type FinalState = 'committed' | 'aborted';

/**
 * The state that a decision gives to an intent of its attempt. An intent that the decision does not list was written by
 * a late message, and is aborted.
 */
export function stateIn(
  { state, participants }: Decision,
  intent: Pick<Commit, 'stream' | 'log' | 'position'>,
): FinalState {
  return state === 'committed' &&
    participants.some(
      ({ stream, log, position }) => stream === intent.stream && log === intent.log && position === intent.position,
    )
    ? 'committed'
    : 'aborted';
}

/** Returns an intent in its final state; any other commit is returned unchanged. */
export function finalOf(intent: Commit, state: FinalState): Commit {
  return intent.tx ? { ...intent, tx: { ...intent.tx, state } } : intent;
}

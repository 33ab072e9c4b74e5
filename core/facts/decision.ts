import type { Commit } from './commit.ts';
import type { Problem } from './errors.ts';
import type { Dot, VersionVector } from './version.ts';

/** The intent of one participant. */
export interface PreparedIntent extends Dot {
  readonly stream: string;
  /** Covers the intent and what it was based on. */
  readonly version: VersionVector;
}

/** Why a transaction was aborted. */
export interface AbortReason {
  /** The participant that caused it; undefined when none did. */
  readonly stream?: string | undefined;
  readonly problem: Problem;
}

/**
 * The record of what became of one attempt. Putting it where there is none is the commit point: it is put once and never
 * changes.
 */
export interface Decision {
  readonly transaction: string;
  /** 1, 2, 3 …; 0 says only that an outcome was promised, so that the first attempt has to come. */
  readonly attempt: number;
  readonly state: 'committed' | 'aborted';
  /** Whether it is the transaction's outcome: if not, another attempt follows, or was to follow. */
  readonly final: boolean;
  /** The transaction's. */
  readonly fingerprint: string;
  /** Of a committed one: exactly these intents are committed. */
  readonly participants: readonly PreparedIntent[];
  /** Of an aborted one. */
  readonly reason?: AbortReason | undefined;
  /** Within so many milliseconds of `decidedAt` a following attempt ends. */
  readonly remaining: number;
  /** Milliseconds since 1970, by the clock of `region`. */
  readonly decidedAt: number;
  /** Where it was decided. */
  readonly region: string;
}

/**
 * The record that an attempt is aborted.
 * @param remaining milliseconds in which another attempt may follow; undefined: none does, this is the outcome
 */
export function abortOf(
  of: Pick<Decision, 'transaction' | 'attempt' | 'fingerprint' | 'decidedAt' | 'region'>,
  reason: AbortReason | undefined,
  remaining?: number,
): Decision {
  return {
    ...of,
    state: 'aborted',
    final: remaining === undefined,
    participants: [],
    ...(reason && { reason }),
    remaining: remaining ?? 0,
  };
}

/** What is known of a transaction. */
export type Outcome =
  /** Nothing is recorded under this id: it never came, or its first attempt is still under way. */
  | { readonly id: string; readonly state: 'unknown' }
  | { readonly id: string; readonly state: 'undecided' }
  | { readonly id: string; readonly state: 'committed'; readonly participants: readonly PreparedIntent[] }
  | { readonly id: string; readonly state: 'aborted'; readonly reason: AbortReason };

/** Stream type of the items that keep outcomes of one-Region transactions: `tx/<id>`. */
export const TRANSACTION_TYPE = 'tx';

/** The id of an attempt, which is the commitId of its intents: `us-east-1:order-17#1`. */
export function attemptIdOf({ transaction, attempt }: Pick<Decision, 'transaction' | 'attempt'>): string {
  return `${transaction}#${attempt}`;
}

/** What an intent becomes. */
export type FinalState = 'committed' | 'aborted';

/** What a decision makes of an intent of its attempt: one that it does not list is a stray, put by a message that came late. */
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

/** An intent once it is final; what is no intent stays as it is. */
export function finalOf(intent: Commit, state: FinalState): Commit {
  return intent.tx ? { ...intent, tx: { ...intent.tx, state } } : intent;
}

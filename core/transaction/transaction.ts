import type { Problem } from '../errors.ts';
import type { Commit, Meta } from '../log/commit.ts';
import type { Request } from '../log/request.ts';
import type { Dot, Version } from '../log/version.ts';

/** One stream of a transaction: what is asked of it, or nothing: a check, which only holds it at a version. */
export interface Participant {
  readonly stream: string;
  readonly request?: Request | undefined;
  /** The exact version that the stream has to be at. */
  readonly expected?: Version | undefined;
}

/** Several streams that change together or not at all. */
export interface Transaction {
  /** `<driving Region>:<key>` */
  readonly id: string;
  /** Each stream once. */
  readonly participants: readonly Participant[];
  /** Digest of what is asked for: tells a repeated transaction from an id that was used twice. */
  readonly request: string;
  /** Within so many milliseconds all its attempts end. */
  readonly timeout: number;
  readonly meta: Meta;
  /** Its id was made just now, for this one request: nobody can have sent it before. */
  readonly isNew?: true;
}

/** The intent of one participant. */
export interface PreparedIntent extends Dot {
  readonly stream: string;
  /** Covers the intent and what it was based on. */
  readonly version: Version;
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
  readonly outcome: 'committed' | 'aborted';
  /** Whether it is the transaction's outcome: if not, another attempt follows, or was to follow. */
  readonly final: boolean;
  /** The transaction's. */
  readonly request: string;
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
  of: Pick<Decision, 'transaction' | 'attempt' | 'request' | 'decidedAt' | 'region'>,
  reason: AbortReason | undefined,
  remaining?: number,
): Decision {
  return {
    ...of,
    outcome: 'aborted',
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
export const OUTCOME_TYPE = 'tx';
/** So many participants has a transaction at most, checks included. */
export const MAX_PARTICIPANTS = 25;
/** Bytes of what is asked for, as JSON: the state machine carries 256 KiB. */
export const MAX_TRANSACTION_BYTES = 200_000;
export const DEFAULT_TIMEOUT_MS = 30_000;
/** An Express state machine ends after 5 minutes. */
export const MAX_TIMEOUT_MS = 240_000;

/** The id of an attempt, which is the commitId of its intents: `us-east-1:order-17#1`. */
export function attemptId({ transaction, attempt }: Pick<Decision, 'transaction' | 'attempt'>): string {
  return `${transaction}#${attempt}`;
}

/** The parts of an attempt's id. */
export function attemptOf(id: string): Pick<Decision, 'transaction' | 'attempt'> {
  const hash = id.lastIndexOf('#');
  return { transaction: id.slice(0, hash), attempt: Number(id.slice(hash + 1)) };
}

/** The Region that drives a transaction, and with eventual decisions the only one that decides it. */
export function drivingRegionOf(transaction: string): string {
  return transaction.slice(0, transaction.indexOf(':'));
}

/** What an intent becomes. */
export type FinalState = 'committed' | 'aborted';

/** What a decision makes of an intent of its attempt: one that it does not list is a stray, put by a message that came late. */
export function stateIn(
  { outcome, participants }: Decision,
  intent: Pick<Commit, 'stream' | 'log' | 'position'>,
): FinalState {
  return outcome === 'committed' &&
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

const TRANSACTION_ID = /^[a-z0-9-]{1,40}:[A-Za-z0-9._~-]{1,120}$/;

/** Whether a text can be a transaction's id: `<Region>:<key>`, key [A-Za-z0-9._~-]{1,120}. */
export function isTransactionId(text: string): boolean {
  return TRANSACTION_ID.test(text);
}

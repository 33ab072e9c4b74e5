import type { Meta } from './commit.ts';
import type { Decision } from './decision.ts';
import type { Operation } from './operation.ts';
import type { VersionVector } from './version.ts';

/** One stream of a transaction: what is asked of it, or nothing: a check, which only holds it at a version. */
export interface Participant {
  readonly stream: string;
  readonly operation?: Operation | undefined;
  /** The exact version that the stream has to be at. */
  readonly expected?: VersionVector | undefined;
}

/** Several streams that change together or not at all. */
export interface Transaction {
  /** `<driving Region>:<key>` */
  readonly id: string;
  /** Each stream once. */
  readonly participants: readonly Participant[];
  /** Digest of what is asked for: tells a repeated transaction from an id that was used twice. */
  readonly fingerprint: string;
  /** Within so many milliseconds all its attempts end. */
  readonly timeout: number;
  readonly meta: Meta;
  /** Its id was made just now, for this one request: nobody can have sent it before. */
  readonly isNew?: true;
}

/** The parts of an attempt's id. */
export function parseAttemptId(id: string): Pick<Decision, 'transaction' | 'attempt'> {
  const hash = id.lastIndexOf('#');
  return { transaction: id.slice(0, hash), attempt: Number(id.slice(hash + 1)) };
}

/** The Region that drives a transaction, and with eventual decisions the only one that decides it. */
export function drivingRegionOf(transaction: string): string {
  return transaction.slice(0, transaction.indexOf(':'));
}

const TRANSACTION_ID = /^[a-z0-9-]{1,40}:[A-Za-z0-9._~-]{1,120}$/;

/** Whether a text can be a transaction's id: `<Region>:<key>`, key [A-Za-z0-9._~-]{1,120}. */
export function isTransactionId(text: string): boolean {
  return TRANSACTION_ID.test(text);
}

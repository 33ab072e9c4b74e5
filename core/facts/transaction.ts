import type { Meta } from './commit.ts';
import type { Decision } from './decision.ts';
import type { Fault } from './fault.ts';
import type { Operation } from './operation.ts';
import type { VersionVector } from './version.ts';

/**
 * One stream of a transaction, with its operation. A participant without an operation is a check, which only pins the
 * stream's version.
 */
export interface Participant {
  readonly stream: string;
  readonly operation?: Operation | undefined;
  /** The exact version that the stream must be at. */
  readonly expected?: VersionVector | undefined;
}

/** Several streams that change atomically. */
export interface Transaction {
  /** `<driving Region>:<key>` */
  readonly id: string;
  /** Its streams, each at most once. */
  readonly participants: readonly Participant[];
  /** Digest of the request; distinguishes a retry from a reused id. */
  readonly fingerprint: string;
  /** Milliseconds within which all attempts of the transaction end. */
  readonly timeout: number;
  readonly meta: Meta;
  /** Set if the id was generated for this request, so that it cannot be a retry. */
  readonly isNew?: true;
  /** What the domain refuses now: it can only be a retry of a transaction that was taken when the domain was another. */
  readonly faults?: readonly Fault[];
}

/** The parts of an attempt's id. */
export function parseAttemptId(id: string): Pick<Decision, 'transaction' | 'attempt'> {
  const hash = id.lastIndexOf('#');
  return { transaction: id.slice(0, hash), attempt: Number(id.slice(hash + 1)) };
}

/** The Region that drives a transaction; with eventual decisions, also the only one that decides it. */
export function drivingRegionOf(transaction: string): string {
  return transaction.slice(0, transaction.indexOf(':'));
}

/** The pattern of an id. */
export const TRANSACTION_ID = /^[a-z0-9-]{1,40}:[A-Za-z0-9._~-]{1,120}$/;

/** True if a text is a valid transaction id: `<Region>:<key>`, key [A-Za-z0-9._~-]{1,120}. */
export function isTransactionId(text: string): boolean {
  return TRANSACTION_ID.test(text);
}

/** The fault of an id that is not valid. @param region the Region of the example in it */
export function transactionIdFault(region: string): Fault {
  return {
    path: 'id',
    message: `is not <Region>:<key>, such as ${region}:order-17; key: 1 to 120 of A-Z a-z 0-9 . _ ~ -`,
  };
}

/**
 * When the next attempt of a transaction ends, by the clock of the Region that drives it. A waiter in another Region may have made the
 * record, by its own clock: so the end is counted from the transaction's beginning, if the record has that.
 */
export function nextAttemptEnds({ decidedAt, remaining, began, timeout }: Decision): number {
  return began === undefined || timeout === undefined ? decidedAt + remaining : began + timeout;
}

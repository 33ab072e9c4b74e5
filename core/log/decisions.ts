// Finds or makes the decision on an attempt, from any Region.

import type * as z from 'zod';
import { type AbortReason, abortOf, type Decision, type NextAttempt } from '../facts/decision.ts';
import { MeridianError, toProblem } from '../facts/errors.ts';
import { drivingRegionOf, parseAttemptId } from '../facts/transaction.ts';
import { READ_DECISION_MS } from '../limits/budgets.ts';
import type { Decisions } from '../ports/decisions.ts';
import type { Remote } from '../ports/remote.ts';
import type { Runtime } from '../ports/runtime.ts';
import { Retries } from '../retry.ts';
import { type DecisionAnswer, decisionAnswerSchema, type decisionRequestSchema } from '../wire/decision.ts';

export interface DecisionPorts {
  readonly region: string;
  readonly decisions: Decisions;
  readonly participants?: Remote;
  readonly runtime: Runtime;
}

/** True if this Region can know that there is no decision: with eventual decisions only the driving one can. */
export function isKnownHere({ region, decisions }: DecisionPorts, transaction: string): boolean {
  return decisions.strong || drivingRegionOf(transaction) === region;
}

/**
 * The decision on an attempt.
 * @param within milliseconds for each call: of the table, then of another Region
 * @returns undefined if there is none, or, without `participants`, if this Region's replica does not have it yet
 * @throws MeridianError `region-unreachable`, `unavailable`
 */
export async function decisionOf(
  ports: DecisionPorts,
  attemptId: string,
  within?: number,
): Promise<Decision | undefined> {
  const { decisions, participants } = ports;
  const { transaction, attempt } = parseAttemptId(attemptId);
  const here = await decisions.find(transaction, attempt, { within });
  if (here || isKnownHere(ports, transaction) || !participants) return here;
  return ask(participants, { step: 'decision', attemptId }, within);
}

/** The decision on an attempt if this Region's replica has it already: no other Region is waited for. */
export async function decisionHere({ decisions }: DecisionPorts, attemptId: string): Promise<Decision | undefined> {
  const { transaction, attempt } = parseAttemptId(attemptId);
  return decisions.find(transaction, attempt, { read: 'local' });
}

/**
 * Like `decisionOf`, for readers: retries for about {@link READ_DECISION_MS}, then treats the attempt as undecided,
 * so that a reader sees the state before it.
 * @param otherwise what follows if it cannot be read: the attempt counts as undecided, or the call fails
 */
export async function readDecision(
  ports: DecisionPorts,
  attemptId: string,
  elsewhere: boolean,
  otherwise: 'undecided' | 'failed' = 'undecided',
): Promise<Decision | undefined> {
  const { participants, ...here } = ports;
  const retries = new Retries(ports.runtime, READ_DECISION_MS);
  for (;;)
    try {
      return await decisionOf({ ...here, ...(elsewhere && participants && { participants }) }, attemptId, retries.left);
    } catch (error) {
      if (!(error instanceof MeridianError && error.retryable)) throw error;
      if (await retries.pause()) continue;
      if (otherwise === 'failed') throw error;
      return undefined;
    }
}

interface AbortOptions {
  readonly reason?: AbortReason | undefined;
  /** Of the attempt that may follow. @default none does */
  readonly next?: NextAttempt | undefined;
  /** Milliseconds for a call of another Region. */
  readonly within?: number;
}

/**
 * The decision on an attempt that has to end: aborted, unless it was already decided.
 * @throws MeridianError `region-unreachable`, `unavailable`: it cannot be decided from here now
 */
export async function decisionOrAbort(
  ports: DecisionPorts,
  attemptId: string,
  fingerprint: string,
  { reason = expired, next, within }: AbortOptions = {},
): Promise<Decision> {
  const { region, participants, runtime } = ports;
  const { transaction, attempt } = parseAttemptId(attemptId);
  if (!isKnownHere(ports, transaction)) {
    const now = next ? { end: { fingerprint, reason, ...next } } : { abort: { fingerprint } };
    const decided = participants && (await ask(participants, { step: 'decision', attemptId, ...now }, within));
    if (decided) return decided;
    throw new MeridianError('unavailable', `${transaction} is decided in ${drivingRegionOf(transaction)} only.`, {
      retryable: true,
    });
  }
  const of = { transaction, attempt, fingerprint, decidedAt: runtime.now(), region };
  return putDecision(ports, abortOf(of, reason, next));
}

/** Records a decision, unless its attempt already has one. @returns the decision that is recorded */
export async function putDecision(
  { decisions, runtime }: Pick<DecisionPorts, 'decisions' | 'runtime'>,
  decision: Decision,
): Promise<Decision> {
  const standing = await decisions.put(decision);
  if (standing) return standing;
  const { state, final } = decision;
  runtime.metric(
    state === 'committed' ? 'TransactionCommitted' : final ? 'TransactionAborted' : 'TransactionBusy',
    'Count',
    1,
  );
  return decision;
}

const expired: AbortReason = {
  problem: toProblem(
    new MeridianError(
      'deadline-exceeded',
      'The transaction was not decided before its deadline. Send it again under a new id.',
    ),
  ),
};

async function ask(
  participants: Remote,
  request: z.input<typeof decisionRequestSchema>,
  within?: number,
): Promise<Decision | undefined> {
  const { transaction } = parseAttemptId(request.attemptId);
  return decisionAnswerSchema.parse(await participants.invoke(drivingRegionOf(transaction), request, within)).decision;
}

/** Answers `ask` in the Region that is asked. @throws MeridianError `misdirected`, `unavailable` */
export async function tellDecision(
  ports: DecisionPorts,
  { attemptId, abort, end }: z.output<typeof decisionRequestSchema>,
): Promise<DecisionAnswer> {
  const { transaction } = parseAttemptId(attemptId);
  if (!isKnownHere(ports, transaction))
    throw new MeridianError('misdirected', `${transaction} is decided in ${drivingRegionOf(transaction)}.`);
  const now = end ?? abort;
  const decision = now
    ? await decisionOrAbort(ports, attemptId, now.fingerprint, { reason: end?.reason, next: end })
    : await decisionOf(ports, attemptId);
  return { kind: 'decision', ...(decision && { decision }) };
}

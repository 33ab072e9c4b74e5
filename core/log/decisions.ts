import { READ_DECISION_MS } from '../limits/budgets.ts';
// What became of an attempt, asked from any Region.

import type * as z from 'zod';
import { type AbortReason, abortOf, type Decision } from '../facts/decision.ts';
import { MeridianError, toProblem } from '../facts/errors.ts';
import { drivingRegionOf, parseAttemptId } from '../facts/transaction.ts';
import type { Decisions } from '../ports/decisions.ts';
import type { Remote } from '../ports/remote.ts';
import type { Runtime } from '../ports/runtime.ts';
import { backoff } from '../retry.ts';
import { type DecisionAnswer, decisionAnswerSchema, type decisionRequestSchema } from '../wire/decision.ts';

export interface DecisionPorts {
  readonly region: string;
  readonly decisions: Decisions;
  readonly participants?: Remote;
  readonly runtime: Runtime;
}

/** With eventual decisions only the Region that drives a transaction knows that there is none. */
function isKnownHere({ region, decisions }: DecisionPorts, transaction: string): boolean {
  return decisions.strong || drivingRegionOf(transaction) === region;
}

/**
 * The decision on an attempt.
 * @param within milliseconds that the table, and then another Region, has to answer in
 * @returns undefined when there is none; without `participants` also when this Region's replica does not show it
 * @throws MeridianError `region-unreachable`, `unavailable`
 */
export async function decisionOf(
  ports: DecisionPorts,
  attemptId: string,
  within?: number,
): Promise<Decision | undefined> {
  const { decisions, participants } = ports;
  const { transaction, attempt } = parseAttemptId(attemptId);
  const here = await decisions.find(transaction, attempt, within);
  if (here || isKnownHere(ports, transaction) || !participants) return here;
  return ask(participants, { step: 'decision', attemptId }, within);
}

/**
 * As `decisionOf`, for readers: what cannot be read in some {@link READ_DECISION_MS}, tried again, counts as not decided, so that a reader sees
 * what was there before.
 */
export async function readDecision(
  ports: DecisionPorts,
  attemptId: string,
  elsewhere: boolean,
): Promise<Decision | undefined> {
  const { participants, ...here } = ports;
  const { runtime } = ports;
  const deadline = runtime.elapsed() + READ_DECISION_MS;
  for (let tries = 0; ; tries++)
    try {
      const left = deadline - runtime.elapsed();
      return await decisionOf({ ...here, ...(elsewhere && participants && { participants }) }, attemptId, left);
    } catch (error) {
      if (!(error instanceof MeridianError && error.retryable)) throw error;
      const wait = backoff(runtime, tries);
      if (runtime.elapsed() + wait >= deadline) return undefined;
      await runtime.sleep(wait);
    }
}

/**
 * The decision on an attempt that is over: aborted, unless it was decided already.
 * @throws MeridianError `region-unreachable`, `unavailable`: it cannot be decided from here now
 */
export async function decisionOrAbort(
  ports: DecisionPorts,
  attemptId: string,
  fingerprint: string,
  { reason = expired, within }: { readonly reason?: AbortReason | undefined; readonly within?: number } = {},
): Promise<Decision> {
  const { region, participants, runtime } = ports;
  const { transaction, attempt } = parseAttemptId(attemptId);
  if (!isKnownHere(ports, transaction)) {
    const decided =
      participants && (await ask(participants, { step: 'decision', attemptId, abort: { fingerprint } }, within));
    if (decided) return decided;
    throw new MeridianError('unavailable', `${transaction} is decided in ${drivingRegionOf(transaction)} only.`, {
      retryable: true,
    });
  }
  const of = { transaction, attempt, fingerprint, decidedAt: runtime.now(), region };
  return putDecision(ports, abortOf(of, reason));
}

/** Puts a decision, unless there is one on its attempt. @returns the one that stands */
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
      'The transaction was not decided before its deadline: send it again under a new id.',
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

/** The side of the Region that is asked. @throws MeridianError `misdirected`, `unavailable` */
export async function tellDecision(
  ports: DecisionPorts,
  { attemptId, abort }: z.output<typeof decisionRequestSchema>,
): Promise<DecisionAnswer> {
  const { transaction } = parseAttemptId(attemptId);
  if (!isKnownHere(ports, transaction))
    throw new MeridianError('misdirected', `${transaction} is decided in ${drivingRegionOf(transaction)}.`);
  const decision = abort
    ? await decisionOrAbort(ports, attemptId, abort.fingerprint)
    : await decisionOf(ports, attemptId);
  return { kind: 'decision', ...(decision && { decision }) };
}

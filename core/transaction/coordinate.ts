import { type AbortReason, abortOf, attemptIdOf, type Decision, stateIn } from '../facts/decision.ts';
import { MeridianError, toProblem } from '../facts/errors.ts';
import { isLostFor } from '../facts/placement.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf } from '../facts/transaction.ts';
import { MAX_TRANSACTION_MS, MIN_ATTEMPT_MS } from '../limits/budgets.ts';
import { type DecisionPorts, decisionOrAbort, putDecision } from '../log/decisions.ts';
import type { KnownPlacement } from '../placement/known-placement.ts';
import type { OneRegionTransactions } from '../ports/one-region-transactions.ts';
import {
  type Answer,
  type AttemptResult,
  type CoordinatorAnswer,
  coordinatorRequestSchema,
  type DecideRequest,
  type Plan,
  type PlanRequest,
} from '../wire/coordinator.ts';
import type { FinalIntent } from '../wire/participant.ts';
import { busyProblem } from '../write/intents.ts';

export interface CoordinatePorts extends Omit<DecisionPorts, 'participants'> {
  readonly events: OneRegionTransactions;
  /** Which Regions are lost. @default none */
  readonly placement?: KnownPlacement;
}

/**
 * One step of the Region that drives a transaction. The state machine that calls it only carries answers between
 * steps and decides nothing: if it runs twice, or is stopped anywhere, the outcome is still that of the decision
 * records.
 * @throws MeridianError `unavailable`: call again; ZodError, `misdirected`: not a request of ours
 */
export async function coordinateStep(ports: CoordinatePorts, asked: unknown): Promise<CoordinatorAnswer> {
  const request = coordinatorRequestSchema.parse(asked);
  const { transaction } = request;
  if (drivingRegionOf(transaction) !== ports.region)
    throw new MeridianError('misdirected', `${transaction} is driven by ${drivingRegionOf(transaction)}.`);
  return request.step === 'plan' ? plan(ports, request) : decide(ports, request);
}

/** The next attempt follows the last recorded one, within the transaction's deadline. */
async function plan(ports: CoordinatePorts, { transaction, fingerprint, deadline }: PlanRequest): Promise<Plan> {
  const isOver = ports.runtime.now() >= deadline;
  const [attempts, oneRegion] = await Promise.all([
    // A stale replica may lack a decided attempt: the attempt is then repeated, and ends as already decided. After the
    // deadline all decided attempts must be known.
    ports.decisions.attempts(transaction, isOver ? 'strong' : 'local'),
    ports.events.findDecision(transaction),
  ]);
  const last = attempts.at(-1);
  // The id belongs to another request: nothing to do here; the sender gets the error elsewhere.
  if (oneRegion?.final || (last && last.fingerprint !== fingerprint)) return { kind: 'decided', intents: [] };
  if (last?.final) return { kind: 'decided', intents: committedBy(last) };
  const attempt = (last?.attempt ?? 0) + 1;
  if (!isOver) return { kind: 'prepare', attempt };
  const end = await decisionOrAbort(ports, attemptIdOf({ transaction, attempt }), fingerprint, {
    reason: last?.reason,
  });
  return { kind: 'decided', intents: committedBy(end) };
}

function committedBy(decision: Decision): readonly FinalIntent[] {
  return decision.participants.map(({ stream, region, log, position }) => ({
    stream,
    region,
    log,
    position,
    commitId: attemptIdOf(decision),
    state: 'committed',
  }));
}

const none = { turns: [], next: 0, wait: 0 } as const;

/** The commit point: one conditional put. If a decision already exists, it counts, whatever these answers say. */
async function decide(ports: CoordinatePorts, given: DecideRequest): Promise<AttemptResult> {
  const asked = { ...given, answers: await withoutLost(ports, given.answers) };
  const { answers, fingerprint } = asked;
  const prepared = given.answers.filter((answer) => answer.kind === 'prepared');
  // The attempt's id belongs to another transaction: only that one may decide it.
  if (answers.some((answer) => answer.kind === 'refused' && answer.problem.code === 'id-reused'))
    return { state: 'aborted', final: true, intents: [], ...none };
  const decision = await putDecision(ports, decisionOn(ports, asked));
  const intents = prepared.map((intent) => {
    const { stream, region, log, position } = intent;
    return { stream, region, log, position, commitId: attemptIdOf(asked), state: stateIn(decision, intent) };
  });
  // If another run made the decision, it may list intents of participants whose answers this run lacks.
  const listed = new Set(intents.map(({ stream, position }) => `${stream}@${position}`));
  const others = committedBy(decision).filter(({ stream, position }) => !listed.has(`${stream}@${position}`));
  const final = decision.final || decision.fingerprint !== fingerprint;
  const turns = answers.flatMap((answer) => (answer.kind === 'busy' ? answer.stream : []));
  // A waiter for this stream has ended the attempt, and takes it now.
  if (turns.length === 0 && decision.reason?.stream) turns.push(decision.reason.stream);
  return {
    state: decision.state,
    final,
    intents: [...intents, ...others],
    turns: final ? [] : turns,
    next: asked.attempt + 1,
    wait: final ? 0 : 1,
  };
}

/** An intent of a lost Region may never arrive in another one: its stream has to be prepared by the Region that acts now. */
async function withoutLost({ placement }: CoordinatePorts, answers: readonly Answer[]): Promise<Answer[]> {
  if (!placement) return [...answers];
  if (!placement.isFresh) await placement.reread();
  return answers.map((answer) =>
    answer.kind === 'prepared' &&
    answer.region !== undefined &&
    isLostFor(placement.known, parseStreamRef(answer.stream).type, answer.region)
      ? { kind: 'busy', stream: answer.stream }
      : answer,
  );
}

function decisionOn(
  { runtime, region }: CoordinatePorts,
  { transaction, attempt, fingerprint, deadline, timeout = MAX_TRANSACTION_MS, answers }: DecideRequest,
): Decision {
  const decidedAt = runtime.now();
  const decisionMembers = { transaction, attempt, fingerprint, decidedAt, region };
  const prepared = answers.filter((answer) => answer.kind === 'prepared');
  if (prepared.length === answers.length)
    return {
      ...decisionMembers,
      state: 'committed',
      final: true,
      participants: prepared.map(({ kind: _kind, ...intent }) => intent),
      remaining: 0,
    };
  const reason = reasonOf(answers);
  const left = Math.min(timeout, Math.max(0, deadline - decidedAt));
  const final = reason.problem.code !== 'stream-busy' || left < MIN_ATTEMPT_MS;
  return abortOf(decisionMembers, reason, final ? undefined : { remaining: left, began: deadline - timeout, timeout });
}

/**
 * By priority: a refusal, an unreachable participant, a busy participant. Only a busy participant is worth another
 * attempt.
 */
function reasonOf(answers: readonly Answer[]): AbortReason {
  const refused = answers.find((answer) => answer.kind === 'refused');
  if (refused) return { stream: refused.stream, problem: refused.problem };
  const silent = answers.find((answer) => answer.kind === 'unreachable');
  if (silent)
    return {
      stream: silent.stream,
      problem: toProblem(
        new MeridianError(
          'region-unreachable',
          `The home of ${silent.stream} did not respond. Send the transaction again under a new id.`,
        ),
      ),
    };
  const stream = answers.find((answer) => answer.kind === 'busy')?.stream;
  return { stream, problem: busyProblem(stream) };
}

import { abortOf, attemptIdOf, type Decision, type Outcome } from '../facts/decision.ts';
import { fromProblem, invalid, MeridianError } from '../facts/errors.ts';
import { drivingRegionOf, nextAttemptEnds, type Transaction } from '../facts/transaction.ts';
import { LOOK_MS, PASSED_ON_WAIT_MS, RECOVERY_MS } from '../limits/budgets.ts';
import { decisionOrAbort } from '../log/decisions.ts';
import type { Remote } from '../ports/remote.ts';
import type { StateMachine } from '../ports/state-machine.ts';
import { outcomeAnswerSchema } from '../wire/command.ts';
import { goSeveral, isOneRegion, isWrittenHere, type OneRegionPorts, runInOneRegion } from './one-region.ts';

/** The ports of the Region that drives a transaction. */
export interface DrivePorts extends OneRegionPorts {
  /** The `participant` functions of the other Regions. */
  readonly participants: Remote;
  readonly machine: StateMachine;
}

export interface TransactPorts extends DrivePorts {
  /** The `command` functions of the other Regions, which run transactions that they drive. */
  readonly remote: Remote;
}

/** Milliseconds before the first read of a decision; each pause is 1.5 times the previous one, up to {@link LOOK_MS}. */
const FIRST_LOOK_MS = 40;

/**
 * Runs a transaction in the Region that its id names: all of its streams change, or none does. A retry of the same
 * transaction returns the same outcome.
 * @param wait milliseconds after which `undecided` is returned. An outcome is then guaranteed: the transaction will
 *   be decided, or aborted at its deadline
 * @throws MeridianError
 * - `id-reused`: the id belongs to another transaction
 * - `validation`: the domain refuses an operation, and the transaction was not taken before
 * - `unavailable`, `region-unreachable`, retryable: it may have run; retry the same transaction to learn the outcome
 */
export async function runTransaction(ports: TransactPorts, transaction: Transaction, wait: number): Promise<Outcome> {
  const driving = drivingRegionOf(transaction.id);
  if (driving === ports.region) return runTransactionHere(ports, transaction, wait);
  const asked = { transact: transaction, wait: Math.min(wait, PASSED_ON_WAIT_MS) };
  return passOn(ports, driving, asked);
}

/**
 * The outcome of a transaction, from the Region that drives it.
 * @throws MeridianError `unavailable`, `region-unreachable`
 */
export async function outcomeOf(ports: TransactPorts, id: string): Promise<Outcome> {
  const driving = drivingRegionOf(id);
  if (driving === ports.region) return outcomeHere(ports, id);
  try {
    return await passOn(ports, driving, { outcomeOf: id });
  } catch (error) {
    // Decisions of all Regions are replicated here, and a final one never changes; only one-Region transactions are known to
    // the driving Region alone.
    const last = (await ports.decisions.attempts(id)).at(-1);
    if (last?.final) return outcomeFrom(id, last);
    throw error;
  }
}

/** Forwards a request to the Region that drives a transaction. Its refusals are returned as problem documents. */
async function passOn({ remote }: TransactPorts, driving: string, asked: unknown): Promise<Outcome> {
  const answer = outcomeAnswerSchema.parse(await remote.invoke(driving, asked));
  if ('problem' in answer) throw fromProblem(answer.problem);
  return answer.outcome;
}

/** Like `outcomeOf`, in the Region that drives the transaction. @throws MeridianError `misdirected`, `unavailable` */
export async function outcomeHere(ports: DrivePorts, id: string): Promise<Outcome> {
  checkDriving(ports, id);
  const { decisions, events, runtime } = ports;
  const kept = await events.findDecision(id);
  if (kept?.final) return outcomeFrom(id, kept);
  const last = (await decisions.attempts(id)).at(-1) ?? kept;
  if (!last || last.final || runtime.now() < nextAttemptEnds(last) + RECOVERY_MS) return outcomeFrom(id, last);
  // Neither the following attempt nor the resolver came in time: this request ends it.
  const next = attemptIdOf({ transaction: id, attempt: last.attempt + 1 });
  return outcomeFrom(id, await decisionOrAbort(ports, next, last.fingerprint, { reason: last.reason }));
}

function checkDriving({ region }: DrivePorts, id: string): void {
  const driving = drivingRegionOf(id);
  if (driving !== region)
    throw new MeridianError('misdirected', `${id} is driven by ${driving}, not by ${region}.`, {
      details: { driving },
    });
}

/** Like `runTransaction`, in the Region that drives it. @throws MeridianError as `runTransaction`; `misdirected` */
export async function runTransactionHere(ports: DrivePorts, transaction: Transaction, wait: number): Promise<Outcome> {
  const { id, isNew, faults } = transaction;
  checkDriving(ports, id);
  // A generated id cannot have been used before. If a stale replica lacks the attempts of an earlier run, the
  // transaction is run again, which changes nothing.
  const isLocal = isOneRegion(ports, transaction);
  const find = () => ports.events.findDecision(id);
  const [attempts, kept] = isNew
    ? [[], undefined]
    : await Promise.all([ports.decisions.attempts(id, 'local'), isLocal ? undefined : find()]);
  // The outcome of a one-Region transaction is part of its write, so that no outcome has to be read first. A
  // transaction that was started as a multi-Region transaction stays one, even if the homes of its streams have
  // changed.
  const short = isLocal && attempts.length === 0 && !faults ? await runHere(ports, transaction) : undefined;
  if (short?.final) return outcomeOfMine(transaction, short);
  const known = kept ?? short ?? (isLocal ? await find() : undefined);
  const last = known?.final ? known : (attempts.at(-1) ?? known);
  if (last) {
    const outcome = outcomeOfMine(transaction, last);
    if (last.final || faults) return outcome;
  }
  if (faults) throw invalid(faults);
  return driveByMachine(ports, transaction, wait, last);
}

/**
 * Runs a transaction in one Region, if that writes all of its streams.
 * @returns its outcome, or the record of `goSeveral`
 */
async function runHere(ports: DrivePorts, transaction: Transaction): Promise<Decision> {
  try {
    if (await isWrittenHere(ports, transaction)) return await runInOneRegion(ports, transaction);
  } catch (error) {
    if (!(error instanceof MeridianError && error.code === 'misdirected')) throw error;
  }
  return goSeveral(ports, transaction);
}

async function driveByMachine(
  ports: DrivePorts,
  transaction: Transaction,
  wait: number,
  last: Decision | undefined,
): Promise<Outcome> {
  const { runtime, decisions, machine, region } = ports;
  const { id, fingerprint } = transaction;
  const begun = runtime.elapsed();
  // Once an attempt is recorded, a retry does not extend the deadline, and is as old as its transaction.
  const deadline = last ? nextAttemptEnds(last) : runtime.now() + transaction.timeout;
  const timeout = last?.timeout ?? transaction.timeout;
  const { isNew: _isNew, ...input } = transaction;
  await machine.start({ ...input, deadline, timeout });
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LOOK_MS)) {
    if (runtime.elapsed() - begun + pause > wait) break;
    await runtime.sleep(pause);
    // The decision is made in this Region, so the local replica has it.
    const latest = (await decisions.attempts(id, 'local')).at(-1);
    if (latest?.final) return outcomeOfMine(transaction, latest);
  }
  runtime.metric('TransactionUndecided', 'Count', 1);
  const now = runtime.now();
  // From here on an outcome is guaranteed, even if no intent was written and the state machine is lost.
  const promise = abortOf({ transaction: id, attempt: 0, fingerprint, decidedAt: now, region }, undefined, {
    remaining: Math.max(0, deadline - now),
    began: deadline - timeout,
    timeout,
  });
  await decisions.put(promise);
  const latest = (await decisions.attempts(id)).at(-1) ?? promise;
  return outcomeOfMine(transaction, latest);
}

/**
 * @throws MeridianError
 * - `id-reused`: the record belongs to another transaction
 * - `unavailable`, retryable: an outcome was promised to another transaction; the first decision shows which one has
 *   the id
 */
function outcomeOfMine({ id, fingerprint }: Transaction, decision: Decision): Outcome {
  if (decision.fingerprint !== fingerprint) throw decision.attempt === 0 ? undecidedWhose(id) : idReused(id);
  return outcomeFrom(id, decision);
}

function outcomeFrom(id: string, last: Decision | undefined): Outcome {
  if (!last) return { id, state: 'unknown' };
  if (!last.final) return { id, state: 'undecided' };
  return last.reason
    ? { id, state: 'aborted', reason: last.reason }
    : { id, state: 'committed', participants: last.participants };
}

function undecidedWhose(id: string): MeridianError {
  return new MeridianError(
    'unavailable',
    `Two different transactions were sent under ${id}, and neither is decided yet. Retry with the same id to learn which one runs.`,
    { retryable: true, details: { retryAfter: 1 } },
  );
}

function idReused(id: string): MeridianError {
  return new MeridianError('id-reused', `${id} belongs to another transaction. Use a new id.`);
}

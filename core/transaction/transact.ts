import { abortOf, attemptIdOf, type Decision, type Outcome } from '../facts/decision.ts';
import { fromProblem, MeridianError } from '../facts/errors.ts';
import { drivingRegionOf, type Transaction } from '../facts/transaction.ts';
import { PASSED_ON_WAIT_MS, RECOVERY_MS } from '../limits/budgets.ts';
import { decisionOrAbort } from '../log/decisions.ts';
import type { Remote } from '../ports/remote.ts';
import type { StateMachine } from '../ports/state-machine.ts';
import { outcomeAnswerSchema } from '../wire/command.ts';
import { isOneRegion, type OneRegionPorts, runInOneRegion } from './one-region.ts';

/** What the Region that drives needs. */
export interface DrivePorts extends OneRegionPorts {
  /** The `participant` functions of the other Regions. */
  readonly participants: Remote;
  readonly machine: StateMachine;
}

export interface TransactPorts extends DrivePorts {
  /** The `command` functions of the other Regions, which take transactions that they drive. */
  readonly remote: Remote;
}

/** The first look at a decision after so many milliseconds; the pauses grow by half up to the second number. */
const [FIRST_LOOK_MS, MAX_LOOK_MS] = [40, 1000];

/**
 * Runs a transaction, in the Region that its id names: all of its streams change, or none does. The same transaction again
 * answers the same outcome.
 * @param wait milliseconds after which it is answered that the outcome is open still; then one is promised: it will be
 * decided, or aborted at its deadline
 * @throws MeridianError
 * - `id-reused`: the id stands for another transaction
 * - `unavailable`, `region-unreachable`, retryable: it may have run all the same; the same transaction again tells
 */
export async function runTransaction(ports: TransactPorts, transaction: Transaction, wait: number): Promise<Outcome> {
  const driving = drivingRegionOf(transaction.id);
  if (driving === ports.region) return runTransactionHere(ports, transaction, wait);
  const asked = { transact: transaction, wait: Math.min(wait, PASSED_ON_WAIT_MS) };
  return passOn(ports, driving, asked);
}

/**
 * What became of a transaction, as the Region that drives it knows it.
 * @throws MeridianError `unavailable`, `region-unreachable`
 */
export async function outcomeOf(ports: TransactPorts, id: string): Promise<Outcome> {
  const driving = drivingRegionOf(id);
  if (driving === ports.region) return outcomeHere(ports, id);
  try {
    return await passOn(ports, driving, { outcomeOf: id });
  } catch (error) {
    // Decisions of every Region are here too; only what that Region alone keeps is not.
    const last = ports.decisions.strong ? (await ports.decisions.attempts(id)).at(-1) : undefined;
    if (last?.final) return outcomeFrom(id, last);
    throw error;
  }
}

/** Asks the Region that drives a transaction. Its refusals come as problem documents. */
async function passOn({ remote }: TransactPorts, driving: string, asked: unknown): Promise<Outcome> {
  const answer = outcomeAnswerSchema.parse(await remote.invoke(driving, asked));
  if ('problem' in answer) throw fromProblem(answer.problem);
  return answer.outcome;
}

/** As `outcomeOf`, in the Region that drives it. @throws MeridianError `misdirected`, `unavailable` */
export async function outcomeHere(ports: DrivePorts, id: string): Promise<Outcome> {
  checkDriving(ports, id);
  const { decisions, events, runtime } = ports;
  const kept = await events.findDecision(id);
  if (kept) return outcomeFrom(id, kept);
  const last = (await decisions.attempts(id)).at(-1);
  if (!last || last.final || runtime.now() < last.decidedAt + last.remaining + RECOVERY_MS)
    return outcomeFrom(id, last);
  // The attempt that was to follow has not come in time, nor has the resolver: whoever asks ends it.
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

/** As `runTransaction`, in the Region that drives it. @throws MeridianError as `runTransaction`; `misdirected` */
export async function runTransactionHere(ports: DrivePorts, transaction: Transaction, wait: number): Promise<Outcome> {
  const { id, isNew } = transaction;
  checkDriving(ports, id);
  if (isOneRegion(ports, transaction)) {
    // Its own outcome is in the write. Here is looked only for one of several Regions under the same id; without any other
    // Region, which this path does not need.
    const [other] = isNew ? [] : await ports.decisions.attempts(id, 'local');
    const kept = other && (await ports.events.findDecision(id));
    if (other && !kept) throw idReused(id);
    return outcomeOfMine(transaction, kept ?? (await runInOneRegion(ports, transaction)));
  }
  // Nobody can have sent an id before that was made just now. A replica that is behind costs a run that changes nothing.
  const [kept, attempts] = isNew
    ? [undefined, []]
    : await Promise.all([ports.events.findDecision(id), ports.decisions.attempts(id, 'local')]);
  const last = kept ?? attempts.at(-1);
  if (last) {
    const outcome = outcomeOfMine(transaction, last);
    if (last.final) return outcome;
  }
  return driveByMachine(ports, transaction, wait, last);
}

async function driveByMachine(
  ports: DrivePorts,
  transaction: Transaction,
  wait: number,
  last: Decision | undefined,
): Promise<Outcome> {
  const { runtime, decisions, machine, region } = ports;
  const { id, fingerprint, timeout } = transaction;
  const begun = runtime.elapsed();
  // Whoever sends it again does not make it last longer.
  const deadline = last ? last.decidedAt + last.remaining : runtime.now() + timeout;
  const { isNew: _isNew, ...input } = transaction;
  await machine.start({ ...input, deadline });
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, MAX_LOOK_MS)) {
    if (runtime.elapsed() - begun + pause > wait) break;
    await runtime.sleep(pause);
    // The decision is put in this Region, so that its own replica shows it.
    const latest = (await decisions.attempts(id, 'local')).at(-1);
    if (latest?.final) return outcomeOfMine(transaction, latest);
  }
  runtime.metric('TransactionUndecided', 'Count', 1);
  const now = runtime.now();
  // From here on it has an outcome even if nothing of it was written and the machine is lost.
  const promise = abortOf(
    { transaction: id, attempt: 0, fingerprint, decidedAt: now, region },
    undefined,
    Math.max(0, deadline - now),
  );
  await decisions.put(promise);
  const latest = (await decisions.attempts(id)).at(-1) ?? promise;
  return outcomeOfMine(transaction, latest);
}

/**
 * @throws MeridianError
 * - `id-reused`: the record is another transaction's
 * - `unavailable`, retryable: it is a promise to another one; which of them the id stands for the first decision says
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
    `Another transaction was sent under ${id} too, and nothing is decided yet: send this one again with the same id, to learn whether it is the one that runs.`,
    { retryable: true, details: { retryAfter: 1 } },
  );
}

function idReused(id: string): MeridianError {
  return new MeridianError('id-reused', `${id} stands for another transaction: make a new id.`);
}

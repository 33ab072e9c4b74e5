// Intents that block a log: any writer that meets one finishes it, once it is decided or its deadline has passed.

import { type Commit, type Intent, isShared, writtenAt } from '../facts/commit.ts';
import { type FinalState, finalOf, stateIn } from '../facts/decision.ts';
import { MeridianError, type Problem, toProblem } from '../facts/errors.ts';
import { parseAttemptId } from '../facts/transaction.ts';
import { isOlder, type Waiter } from '../facts/waiter.ts';
import {
  ASK_DECISION_MS,
  END_AGAIN_MS,
  HOLD_LIMIT_FOR_OLDER_MS,
  HOLD_LIMIT_MS,
  MAX_HOLD_LIMITS,
  MAX_TRANSACTION_MS,
  WATCHED_MS,
} from '../limits/budgets.ts';
import { type DecisionPorts, decisionHere, decisionOf, decisionOrAbort, isKnownHere } from '../log/decisions.ts';
import type { History } from '../log/history.ts';
import type { OpenIntent } from '../log/open-intents.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { Runtime } from '../ports/runtime.ts';

export interface IntentPorts extends DecisionPorts {
  readonly events: IntentStore;
}

/** How a writer finds out about an intent that is in its way. */
export interface Search {
  /**
   * When another Region is asked: for a decision that this Region's replica lacks; only to end an attempt; or never, because
   * the writer holds other streams meanwhile. @default decision
   */
  readonly asks?: 'decision' | 'end' | 'never';
  /** The transaction that waits for the stream, if one does. */
  readonly waiter?: Waiter | undefined;
  /** How long the writer has waited. @default it does not wait, and ends attempts at their deadline */
  readonly watch?: Watch | undefined;
}

/** How long a process has had an intent in its way, by a monotonic clock. */
export class Watch {
  readonly #runtime: Pick<Runtime, 'elapsed'>;
  #attemptId: string | undefined;
  #since = 0;
  #mayEndFrom = 0;

  constructor(runtime: Pick<Runtime, 'elapsed'>) {
    this.#runtime = runtime;
  }

  /** Notes which intent is in the way now. */
  meet({ commitId }: Commit): void {
    if (this.#attemptId === commitId) return;
    this.#attemptId = commitId;
    this.#since = this.#runtime.elapsed();
    this.#mayEndFrom = this.#since;
  }

  /** Milliseconds since this process first met the intent that it met last. */
  get waited(): number {
    return this.#runtime.elapsed() - this.#since;
  }

  /** False for some time after the attempt could not be ended. */
  get mayEnd(): boolean {
    return this.#runtime.elapsed() >= this.#mayEndFrom;
  }

  couldNotEnd(): void {
    this.#mayEndFrom = this.#runtime.elapsed() + END_AGAIN_MS;
  }
}

/** This function's clock, set back if it is ahead of the database's: several hosts of a Region compare deadlines. */
export function databaseNow({ now, clockAhead }: Pick<Runtime, 'now' | 'clockAhead'>): number {
  return now() - Math.max(0, clockAhead());
}

/**
 * Finalises the intents that are decided or past their deadline, if this Region wrote them, even to a log of another
 * name, or to one that all Regions write. Nothing is appended or checked after an intent that is not final, so that events leave a log in order.
 * @returns the first intent to wait for, as it is stored now; undefined if none is left
 */
export async function finishIntents(
  ports: IntentPorts,
  history: History,
  search?: Search,
): Promise<Commit | undefined> {
  for (const { intent: known, state: decided } of ownIntents(ports, history)) {
    // The table may have the intent in its final state already: then no decision has to be found, and nothing has to be
    // written.
    const intent = (await ports.events.at(known.stream, known.log, known.position)) ?? known;
    const stored = intent.tx?.state;
    const state = decided ?? (isFinal(stored) ? stored : await stateIfReached(ports, intent, search));
    if (!state) return intent;
    if (stored !== state) await ports.events.finalise(intent, state);
    history.add([finalOf(intent, state)]);
  }
  return undefined;
}

/**
 * Learns the state of an intent that another Region has to make final. Nothing is written to it here.
 * @returns the intent, if it is still undecided
 */
export async function learnState(
  ports: IntentPorts,
  history: History,
  known: Commit,
  search?: Search,
): Promise<Commit | undefined> {
  const intent = (await ports.events.at(known.stream, known.log, known.position)) ?? known;
  const stored = intent.tx?.state;
  const state = isFinal(stored) ? stored : await stateIfReached(ports, intent, search);
  if (!state) return intent;
  history.add([finalOf(intent, state)]);
  return undefined;
}

/** The intents that this Region may make final: those that it wrote, and those in a log that all Regions write. */
export function ownIntents({ region }: Pick<IntentPorts, 'region'>, { intents }: History): readonly OpenIntent[] {
  return intents.filter(({ intent }) => intent.region === region || isShared(intent));
}

function isFinal(state: Intent['state'] | undefined): state is FinalState {
  return state === 'committed' || state === 'aborted';
}

/** Like `finalStateOf`. If its decision cannot be queried, the intent stays in the way. */
async function stateIfReached(ports: DecisionPorts, intent: Commit, search?: Search): Promise<FinalState | undefined> {
  try {
    return await finalStateOf(ports, intent, search);
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) return undefined;
    throw error;
  }
}

/**
 * The final state of an intent. An undecided attempt is aborted if its deadline has passed. If it has only held the stream
 * for too long, it is ended as busy, and its transaction may make another attempt.
 * @returns undefined if it may still be decided
 * @throws MeridianError `region-unreachable`, `unavailable`
 */
export async function finalStateOf(
  ports: DecisionPorts,
  intent: Commit,
  search: Search = {},
): Promise<FinalState | undefined> {
  const { commitId, fingerprint, stream, tx } = intent;
  const { asks = 'decision', watch } = search;
  watch?.meet(intent);
  const decided = await (asks === 'decision'
    ? decisionOf(ports, commitId, ASK_DECISION_MS)
    : decisionHere(ports, commitId));
  if (decided) return stateIn(decided, intent);
  const left = leftOf(ports, intent, watch);
  if (!isOver(ports, intent, left, search)) return undefined;
  const next = { remaining: Math.min(left, MAX_TRANSACTION_MS), began: tx?.began, timeout: tx?.timeout };
  const early = left > 0 && { reason: { stream, problem: busyProblem(stream) }, next };
  try {
    return stateIn(await decisionOrAbort(ports, commitId, fingerprint, { ...early, within: ASK_DECISION_MS }), intent);
  } catch (error) {
    watch?.couldNotEnd();
    throw error;
  }
}

/**
 * True if an undecided attempt is to be ended now. Clocks may be wrong, also that of the host that wrote the intent; so a waiter
 * ends nothing that it has not seen for longer than an attempt usually takes, and needs no clock if it has seen it for long.
 * @param left milliseconds until the deadline
 */
function isOver(ports: DecisionPorts, intent: Commit, left: number, { asks, waiter, watch }: Search): boolean {
  if (!watch) return left <= 0;
  if (!watch.mayEnd || watch.waited < WATCHED_MS) return false;
  const { transaction, attempt } = parseAttemptId(intent.commitId);
  if (asks === 'never' && !isKnownHere(ports, transaction)) return false;
  // Later attempts may hold it for longer: the participants may be slow, and the earlier ones were in vain.
  const times = Math.min(Math.max(1, attempt - 1), MAX_HOLD_LIMITS);
  const limit = times * (waiter && isOlder(waiter, holderOf(intent)) ? HOLD_LIMIT_FOR_OLDER_MS : HOLD_LIMIT_MS);
  const age = intent.region === ports.region ? ports.runtime.now() - writtenAt(intent) : watch.waited;
  return left <= 0 || watch.waited >= limit || age >= limit;
}

/**
 * Milliseconds until the deadline of an intent. Only a clock of the Region that wrote it is compared with it. Of an intent that another
 * Region wrote it is how long this process has seen it; the resolver has waited for longer than any timeout.
 */
function leftOf({ region, runtime }: DecisionPorts, intent: Commit, watch: Watch | undefined): number {
  const { tx } = intent;
  if (intent.region === region) return Number(tx?.deadline) - databaseNow(runtime);
  return watch ? (tx?.timeout ?? MAX_TRANSACTION_MS) - watch.waited : 0;
}

/** The transaction that holds a stream. If older code wrote its intent, it counts as the youngest one. */
export function holderOf({ commitId, tx }: Commit): Waiter {
  return { transaction: parseAttemptId(commitId).transaction, began: tx?.began ?? Number.MAX_SAFE_INTEGER };
}

/** The error of an append that an undecided transaction blocks. */
export function streamBusy({ stream, tx }: Commit, now: number): MeridianError {
  return new MeridianError('stream-busy', `An undecided transaction holds ${stream}. Retry.`, {
    retryable: true,
    // A deadline in the past: the Region that decides the transaction could not be reached, or it would be over.
    details: { retryAfter: Math.max(1, Math.ceil(((tx?.deadline ?? now) - now) / 1000)) },
  });
}

/** Why an attempt ended: it did not get a stream, or held it for too long. */
export function busyProblem(stream: string | undefined): Problem {
  return toProblem(
    new MeridianError(
      'stream-busy',
      `${stream} was held or written by others. Send the transaction again under a new id.`,
      {
        details: { retryAfter: 1 },
      },
    ),
  );
}

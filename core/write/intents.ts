// Intents that block a log: any writer that meets one finishes it, once it is decided or its deadline has passed.

import { type Commit, type Intent, writtenAt } from '../facts/commit.ts';
import { type FinalState, finalOf, stateIn } from '../facts/decision.ts';
import { MeridianError, type Problem, toProblem } from '../facts/errors.ts';
import { parseAttemptId } from '../facts/transaction.ts';
import { isOlder, type Waiter } from '../facts/waiter.ts';
import {
  ASK_DECISION_MS,
  END_AGAIN_MS,
  HOLD_LIMIT_FOR_OLDER_MS,
  HOLD_LIMIT_MS,
  WATCHED_MS,
} from '../limits/budgets.ts';
import { type DecisionPorts, decisionHere, decisionOf, decisionOrAbort } from '../log/decisions.ts';
import type { History } from '../log/history.ts';
import type { OpenIntent } from '../log/open-intents.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { Runtime } from '../ports/runtime.ts';

export interface IntentPorts extends DecisionPorts {
  readonly events: IntentStore;
}

/** How a writer looks for the decision on an intent that is in its way. */
export interface Search {
  /** True if only this Region's replica is read. @default the Region that decides is asked */
  readonly isLocal?: boolean;
  /** The transaction that waits for the stream, if one does. */
  readonly waiter?: Waiter | undefined;
  /** How long the writer has waited. @default no attempt is ended before its deadline */
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

  /** Milliseconds since this process first met the intent, if it has met no other one since. */
  waitedFor({ commitId }: Commit): number {
    const now = this.#runtime.elapsed();
    if (this.#attemptId !== commitId) {
      this.#attemptId = commitId;
      this.#since = now;
      this.#mayEndFrom = now;
    }
    return now - this.#since;
  }

  /** False for some time after the attempt could not be ended. */
  get mayEnd(): boolean {
    return this.#runtime.elapsed() >= this.#mayEndFrom;
  }

  couldNotEnd(): void {
    this.#mayEndFrom = this.#runtime.elapsed() + END_AGAIN_MS;
  }
}

/**
 * Finalises the intents that are decided or past their deadline, if this Region wrote them, even to a log of another
 * name. Nothing is appended or checked after an intent that is not final, so that events leave a log in order.
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

/** The intents that this Region wrote, and that were not final when they were read. */
export function ownIntents({ region }: Pick<IntentPorts, 'region'>, { intents }: History): readonly OpenIntent[] {
  return intents.filter(({ intent }) => intent.region === region);
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
  const { isLocal = false, watch } = search;
  const decided = await (isLocal ? decisionHere(ports, commitId) : decisionOf(ports, commitId, ASK_DECISION_MS));
  if (decided) return stateIn(decided, intent);
  // All times are by the clock of the Region that wrote the intent, which is this one. Its functions run on several hosts.
  const now = ports.runtime.now() - Math.max(0, ports.runtime.clockAhead());
  const left = Number(tx?.deadline) - now;
  if (left > 0 && !holdsTooLong(intent, now, search)) return undefined;
  if (watch && !watch.mayEnd) return undefined;
  const early = { reason: { stream, problem: busyProblem(stream) }, next: { remaining: left, began: tx?.began } };
  const options = { ...(left > 0 && early), within: ASK_DECISION_MS };
  try {
    return stateIn(await decisionOrAbort(ports, commitId, fingerprint, options), intent);
  } catch (error) {
    watch?.couldNotEnd();
    throw error;
  }
}

/**
 * True if an undecided attempt has held a stream for too long. The wall clock that says so may be wrong, or that of the host
 * that wrote the intent; so this process must also have seen it for longer than an attempt usually takes.
 */
function holdsTooLong(intent: Commit, now: number, { waiter, watch }: Search): boolean {
  const limit = waiter && isOlder(waiter, holderOf(intent)) ? HOLD_LIMIT_FOR_OLDER_MS : HOLD_LIMIT_MS;
  return watch !== undefined && watch.waitedFor(intent) >= WATCHED_MS && now - writtenAt(intent) >= limit;
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

/** The reason for aborting a transaction that lost a stream to other writers in every attempt. */
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

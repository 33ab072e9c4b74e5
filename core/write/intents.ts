import { ASK_DECISION_MS } from '../limits/budgets.ts';
// Intents that hold up a log: whoever meets one finishes it, once it is decided or over.

import type { Commit } from '../facts/commit.ts';
import { type FinalState, finalOf, stateIn } from '../facts/decision.ts';
import { MeridianError, type Problem, toProblem } from '../facts/errors.ts';
import { type DecisionPorts, decisionOf, decisionOrAbort } from '../log/decisions.ts';
import type { History } from '../log/history.ts';
import type { IntentStore } from '../ports/intent-store.ts';

export interface IntentPorts extends DecisionPorts {
  readonly events: IntentStore;
}

/**
 * Makes the intents of this Region's log final that are decided, or over: nothing is appended or checked behind one that
 * is not, so that a log's events leave in order.
 * @returns the first intent that has to be waited for; undefined when none is left
 */
export async function finishIntents(ports: IntentPorts & { readonly log: string }, history: History) {
  for (const { intent, state: known } of history.intents) {
    if (intent.log !== ports.log) continue;
    const state = known ?? (await stateIfReached(ports, intent));
    if (!state) return intent;
    await ports.events.finalise(intent, state);
    history.add([finalOf(intent, state)]);
  }
  return undefined;
}

/** Where a decision cannot be asked for, the intent stays in the way. */
async function stateIfReached(ports: IntentPorts, intent: Commit): Promise<FinalState | undefined> {
  try {
    return await finalStateOf(ports, intent);
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) return undefined;
    throw error;
  }
}

/**
 * What has become of an intent: an attempt that is over is aborted, if nothing was decided.
 * @returns undefined while it may be decided still
 * @throws MeridianError `region-unreachable`, `unavailable`
 */
export async function finalStateOf(ports: DecisionPorts, intent: Commit): Promise<FinalState | undefined> {
  const { commitId, fingerprint } = intent;
  const decided = await decisionOf(ports, commitId, ASK_DECISION_MS);
  const decision =
    decided ??
    (isOver(intent, ports.runtime.now())
      ? await decisionOrAbort(ports, commitId, fingerprint, { within: ASK_DECISION_MS })
      : undefined);
  return decision && stateIn(decision, intent);
}

/** By the clock of the Region that wrote the intent, and no other. */
function isOver({ tx }: Commit, now: number): boolean {
  return tx !== undefined && tx.deadline <= now;
}

/** What an append is told that an undecided transaction keeps from its place. */
export function streamBusy({ stream, tx }: Commit, now: number): MeridianError {
  return new MeridianError('stream-busy', `A transaction holds ${stream} until it is decided: try again.`, {
    retryable: true,
    // Over, it could not be ended: the Region that decides it is not reached.
    details: { retryAfter: Math.max(1, Math.ceil(((tx?.deadline ?? now) - now) / 1000)) },
  });
}

/** Why a transaction is aborted that others kept from a stream at every try. */
export function busyProblem(stream: string | undefined): Problem {
  return toProblem(
    new MeridianError(
      'stream-busy',
      `${stream} was held or written by others: send the transaction again under a new id.`,
      {
        details: { retryAfter: 1 },
      },
    ),
  );
}

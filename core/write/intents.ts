// Intents that block a log: any writer that meets one finishes it, once it is decided or its deadline has passed.

import type { Commit, Intent } from '../facts/commit.ts';
import { type FinalState, finalOf, stateIn } from '../facts/decision.ts';
import { MeridianError, type Problem, toProblem } from '../facts/errors.ts';
import { ASK_DECISION_MS } from '../limits/budgets.ts';
import { type DecisionPorts, decisionOf, decisionOrAbort } from '../log/decisions.ts';
import type { History } from '../log/history.ts';
import type { OpenIntent } from '../log/open-intents.ts';
import type { IntentStore } from '../ports/intent-store.ts';

export interface IntentPorts extends DecisionPorts {
  readonly events: IntentStore;
}

/**
 * Finalises the intents that are decided or past their deadline, if this Region wrote them, even to a log of another
 * name. Nothing is appended or checked after an intent that is not final, so that events leave a log in order.
 * @returns the first intent to wait for; undefined if none is left
 */
export async function finishIntents(ports: IntentPorts, history: History): Promise<Commit | undefined> {
  for (const { intent, state: known } of ownIntents(ports, history)) {
    // The table may have the intent in its final state already: then no decision has to be found, and nothing has to be
    // written.
    const stored = (await ports.events.at(intent.stream, intent.log, intent.position))?.tx?.state;
    const state = known ?? (isFinal(stored) ? stored : await stateIfReached(ports, intent));
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

/** If its decision cannot be queried, the intent stays in the way. */
async function stateIfReached(ports: IntentPorts, intent: Commit): Promise<FinalState | undefined> {
  try {
    return await finalStateOf(ports, intent);
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) return undefined;
    throw error;
  }
}

/**
 * The final state of an intent; an undecided attempt past its deadline is aborted.
 * @returns undefined if it may still be decided
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

/** Only by the clock of the Region that wrote the intent. */
function isOver({ tx }: Commit, now: number): boolean {
  return tx !== undefined && tx.deadline <= now;
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

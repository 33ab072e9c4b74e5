// Intents that hold up a log: whoever meets one finishes it, once it is decided or over.

import { MeridianError } from '../errors.ts';
import type { Commit } from '../log/commit.ts';
import type { History } from '../log/history.ts';
import type { EventStore } from '../ports.ts';
import { type DecisionPorts, decisionOf, decisionOrAbort } from './decisions.ts';
import { type Decision, finalOf, stateIn } from './transaction.ts';

export interface IntentPorts extends DecisionPorts {
  readonly events: EventStore;
}

/**
 * Makes the intents of this Region's log final that are decided, or over: nothing is appended or checked behind one that
 * is not, so that a log's events leave in order.
 * @returns the first intent that has to be waited for; undefined when none is left
 */
export const finishIntents = async (ports: IntentPorts & { readonly log: string }, history: History) => {
  for (const intent of history.intents.filter(({ log }) => log === ports.log)) {
    const decision = await decisionFor(ports, intent);
    if (!decision) return intent;
    history.add([await finalise(ports, intent, decision)]);
  }
  return undefined;
};

/** So long a decision is waited for, in milliseconds: a Region that hangs must not hold up what waits for its intents. */
export const ASK_MS = 4000;

/** Where a decision cannot be asked for, the intent stays in the way. */
const decisionFor = async (ports: IntentPorts, intent: Commit): Promise<Decision | undefined> => {
  try {
    return (
      (await decisionOf(ports, intent.commitId, ASK_MS)) ??
      (isOver(intent, ports.runtime.now())
        ? await decisionOrAbort(ports, intent.commitId, intent.request, { within: ASK_MS })
        : undefined)
    );
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) return undefined;
    throw error;
  }
};

/** By the clock of the Region that wrote the intent, and no other. */
export const isOver = ({ tx }: Commit, now: number): boolean => tx !== undefined && tx.deadline <= now;

/** Makes one intent what its attempt's decision says. @returns it as it is then */
export const finalise = async (
  { events }: { readonly events: Pick<EventStore, 'finalise'> },
  intent: Commit,
  decision: Decision,
): Promise<Commit> => {
  const state = stateIn(decision, intent);
  await events.finalise(intent, state);
  return finalOf(intent, state);
};

/** What an append is told that an undecided transaction keeps from its place. */
export const streamBusy = ({ stream, tx }: Commit, now: number): MeridianError =>
  new MeridianError('stream-busy', `A transaction holds ${stream} until it is decided: try again.`, {
    retryable: true,
    // Over, it could not be ended: the Region that decides it is not reached.
    details: { retryAfter: Math.max(1, Math.ceil(((tx?.deadline ?? now) - now) / 1000)) },
  });

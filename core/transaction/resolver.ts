import { attemptIdOf } from '../facts/decision.ts';
import { ASK_DECISION_MS } from '../limits/budgets.ts';
import { type DecisionPorts, decisionOrAbort } from '../log/decisions.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { OneRegionTransactions } from '../ports/one-region-transactions.ts';
import type { BatchAnswer } from '../ports/queue.ts';
import { type AttemptMessage, type IntentMessage, parseResolverMessage } from '../wire/resolver.ts';
import { finalStateOf } from '../write/intents.ts';

export interface ResolvePorts extends DecisionPorts {
  readonly events: IntentStore & OneRegionTransactions;
}

/**
 * Ends what a coordinator has left: makes an intent final as its decision says, and has what is over aborted if nothing was
 * decided. It may come late, twice, and while the coordinator is still at work.
 * @param bodies messages of the resolver's queue, in the Region that wrote the intent or the decision
 * @returns per body: undefined when it is done with, else why it has to be delivered again
 */
export function resolveMessages(ports: ResolvePorts, bodies: readonly string[]): Promise<BatchAnswer> {
  return Promise.all(
    bodies.map(async (body) => {
      try {
        const read = parseResolverMessage(body);
        return await (read.kind === 'intent' ? resolveIntent(ports, read) : resolveAttempt(ports, read));
      } catch (error) {
        return String(error);
      }
    }),
  );
}

async function resolveIntent(
  ports: ResolvePorts,
  { stream, log, position, attemptId }: IntentMessage,
): Promise<string | undefined> {
  const intent = await ports.events.at(stream, log, position);
  if (intent?.tx?.state !== 'prepared') return undefined;
  const state = await finalStateOf(ports, intent);
  if (!state) return `${attemptId} is not over yet`;
  await ports.events.finalise(intent, state);
  ports.runtime.metric('IntentResolved', 'Count', 1);
  return undefined;
}

/** The attempt that was to follow a busy one never came to a decision. */
async function resolveAttempt(
  ports: ResolvePorts,
  { transaction, attempt, fingerprint }: AttemptMessage,
): Promise<undefined> {
  const [attempts, oneRegion] = await Promise.all([
    ports.decisions.attempts(transaction),
    ports.events.findDecision(transaction),
  ]);
  // Another transaction of this Region alone has the id.
  if (oneRegion) return;
  const last = attempts.at(-1);
  // A busy record that followed has a message of its own.
  if (last && (last.final || last.attempt >= attempt)) return;
  await decisionOrAbort(ports, attemptIdOf({ transaction, attempt }), fingerprint, {
    reason: last?.reason,
    within: ASK_DECISION_MS,
  });
}

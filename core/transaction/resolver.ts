import { attemptIdOf } from '../facts/decision.ts';
import { withCauses } from '../facts/errors.ts';
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
 * Finishes what a coordinator left behind: makes intents final as decided, and aborts undecided attempts whose
 * deadline has passed. Safe if a message arrives late, twice, or while the coordinator is still running.
 * @param bodies messages of the resolver's queue, in the Region that wrote the intent or the decision
 * @returns per body: undefined if it is done, otherwise why it must be redelivered
 */
export function resolveMessages(ports: ResolvePorts, bodies: readonly string[]): Promise<BatchAnswer> {
  return Promise.all(
    bodies.map(async (body) => {
      try {
        const read = parseResolverMessage(body);
        return await (read.kind === 'intent' ? resolveIntent(ports, read) : resolveAttempt(ports, read));
      } catch (error) {
        return withCauses(error);
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
  if (!state) return `${attemptId} is undecided, and its deadline has not passed`;
  await ports.events.finalise(intent, state);
  ports.runtime.metric('IntentResolved', 'Count', 1);
  return undefined;
}

/** Handles an attempt that should have followed a busy one, and was never decided. */
async function resolveAttempt(
  ports: ResolvePorts,
  { transaction, attempt, fingerprint }: AttemptMessage,
): Promise<string | undefined> {
  const [attempts, oneRegion] = await Promise.all([
    ports.decisions.attempts(transaction),
    ports.events.findDecision(transaction),
  ]);
  // The id belongs to another transaction, which is a one-Region transaction.
  if (oneRegion?.final) return undefined;
  const last = attempts.at(-1) ?? oneRegion;
  // Nothing is left to do: the transaction or this attempt is decided, and another attempt that has to follow has its own
  // message. Or the message does not come from a record: it must not take the id from the request that will use it.
  if (last?.final !== false || last.attempt !== attempt - 1 || last.fingerprint !== fingerprint) return undefined;
  const attemptId = attemptIdOf({ transaction, attempt });
  // The clock of another Region is not compared with this one.
  if (last.region === ports.region && ports.runtime.now() < last.decidedAt + last.remaining)
    return `${attemptId} is undecided, and its deadline has not passed`;
  await decisionOrAbort(ports, attemptId, fingerprint, { reason: last.reason, within: ASK_DECISION_MS });
  return undefined;
}

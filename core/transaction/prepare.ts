import { streamTypeOf } from '../definition/domain.ts';
import type { Commit } from '../facts/commit.ts';
import { attemptIdOf } from '../facts/decision.ts';
import { cutProblem, MeridianError, toProblem } from '../facts/errors.ts';
import type { KnownCopy } from '../facts/snapshot.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import type { Participant, Transaction } from '../facts/transaction.ts';
import { MAX_REFUSAL_BYTES, PREPARE_TRIES } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { backoff } from '../retry.ts';
import type { Prepared } from '../wire/participant.ts';
import { finishIntents } from '../write/intents.ts';
import {
  type AppendPorts,
  checkHome,
  conflictOf,
  type Decide,
  decider,
  idReused,
  isBehind,
  loadWarm,
  nextCommit,
  warmHistory,
} from '../write/writer.ts';

/** A participant's part of an attempt. */
export interface Prepare extends Pick<Transaction, 'fingerprint' | 'meta'> {
  readonly transaction: string;
  readonly attempt: number;
  readonly participant: Participant;
  /** Milliseconds until the deadline: a duration, because a deadline is only valid by the clock that set it. */
  readonly remaining: number;
}

/**
 * Reserves a stream for an attempt: writes an intent at the next position of its log, in the home Region. The intent
 * of a check has no events. A repeated prepare returns the same intent. Does not wait: a stream held by another
 * transaction is `busy`.
 * @throws MeridianError `unavailable`, `region-unreachable`: retry
 */
export async function prepareIntent(
  ports: AppendPorts,
  asked: Prepare,
  stream = parseStreamRef(asked.participant.stream),
): Promise<Prepared> {
  try {
    return await tryToPrepare(ports, asked, stream);
  } catch (error) {
    if (isOutage(error)) throw error;
    return { kind: 'refused', stream: stream.name, problem: cutProblem(toProblem(error), MAX_REFUSAL_BYTES) };
  }
}

/** Business outcomes are returned; outages are thrown, so that the step is retried. */
function isOutage(error: unknown): boolean {
  return error instanceof MeridianError && OUTAGES.includes(error.code);
}

const OUTAGES: readonly string[] = ['unavailable', 'region-unreachable'];

async function tryToPrepare(ports: AppendPorts, asked: Prepare, stream: StreamRef): Promise<Prepared> {
  const { runtime, domain } = ports;
  const { operation, expected } = asked.participant;
  const { fingerprint, meta } = asked;
  const commitId = attemptIdOf(asked);
  const definition = streamTypeOf(domain, stream.type);
  checkHome(ports, definition, stream);
  const deadline = runtime.elapsed() + asked.remaining;

  const warm = warmHistory(ports, definition, stream);
  let history = warm ?? (await loadWarm(ports, stream));
  let fresh = warm === undefined;
  let decide: Decide | undefined;
  for (let tries = 0; ; ) {
    const own = ownIntent(history, commitId, fingerprint, runtime.now());
    if (own) return own;
    if (runtime.elapsed() >= deadline) throw tooLate(stream.name);
    if (tries === PREPARE_TRIES || (await finishIntents(ports, history))) return { kind: 'busy', stream: stream.name };
    // During a rolling deployment newer code will be here soon.
    if (fresh && history.unreadable) return { kind: 'busy', stream: stream.name };
    const now = runtime.now();
    const refusal = history.unreadable ?? conflictOf(history, expected);
    decide ??= operation ? decider(definition, stream, operation) : () => ({ events: [] });
    const decision = decide(() => history.state, now);
    // A warm copy may be stale: it must not cause a refusal, nor a decision that nothing changes.
    if (!history.holds || (!fresh && (refusal || (operation && !decision.events?.length)))) {
      history = await loadWarm(ports, stream);
      fresh = true;
      continue;
    }
    if (refusal || !decision.events) throw refusal ?? decision.error;
    const intent = nextCommit(ports, history, now, {
      commitId,
      fingerprint,
      events: decision.events,
      context: history.seen,
      meta,
      tx: { state: 'prepared', deadline: Math.ceil(now + deadline - runtime.elapsed()) },
    });
    const taken = await ports.events.put(intent);
    history.add([taken ?? intent]);
    if (!taken) {
      if (intent.events.length > 0) runtime.metric('Appended', 'Count', 1);
      return prepared(history, intent);
    }
    runtime.metric('AppendConflict', 'Count', 1);
    // If an intent has the position, it is examined next; nothing follows it.
    if (taken.tx?.state === 'prepared' && !isBehind(history, taken)) continue;
    await runtime.sleep(backoff(runtime, tries++));
    history = await loadWarm(ports, stream);
    fresh = true;
  }
}

/** The result of an earlier prepare of the same attempt. */
function ownIntent(history: History, attemptId: string, fingerprint: string, now: number): Prepared | undefined {
  const intent = history.intentOf(attemptId) ?? history.find(attemptId, fingerprint, now);
  if (!intent) return undefined;
  if (intent.fingerprint !== fingerprint) throw idReused(history.stream, intent);
  if ('tx' in intent && intent.tx?.state === 'aborted') throw tooLate(history.stream);
  return prepared(history, intent);
}

function prepared(history: History, intent: Commit | KnownCopy): Prepared {
  const { log, position } = intent;
  return { kind: 'prepared', stream: history.stream, log, position, version: history.versionOf(intent) };
}

function tooLate(stream: string): MeridianError {
  return new MeridianError('deadline-exceeded', `The transaction's deadline passed before ${stream} was prepared.`);
}

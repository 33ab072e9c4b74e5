import type { Commit } from '../facts/commit.ts';
import { attemptIdOf } from '../facts/decision.ts';
import { cutProblem, MeridianError } from '../facts/errors.ts';
import type { KnownCopy } from '../facts/snapshot.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import type { Participant, Transaction } from '../facts/transaction.ts';
import { MAX_REFUSAL_BYTES, PREPARE_TRIES } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { backoff } from '../retry.ts';
import type { Prepared } from '../wire/participant.ts';
import { Draft } from '../write/draft.ts';
import { databaseNow } from '../write/intents.ts';
import { type AppendPorts, idReused } from '../write/writer.ts';
import { refusalOf } from './refusal.ts';
import { NextInLine } from './turn.ts';

/** A participant's part of an attempt. */
export interface Prepare extends Pick<Transaction, 'fingerprint' | 'meta'> {
  readonly transaction: string;
  readonly attempt: number;
  readonly participant: Participant;
  /** When the transaction began, by the driving Region's clock. @default it counts as the youngest */
  readonly began?: number | undefined;
  /** Milliseconds from then until the deadline. */
  readonly timeout?: number | undefined;
  /** Milliseconds until the deadline: a duration, because a deadline is only valid by the clock that set it. */
  readonly remaining: number;
}

/**
 * Reserves a stream for an attempt: writes an intent at the next position of its log, in the home Region, or in the driving one if the
 * stream is `strong`. The intent
 * of a check has no events. A repeated prepare returns the same intent. If another transaction holds the stream, waits only
 * as the next one to take it, and otherwise returns `busy`.
 * @throws MeridianError `unavailable`, `region-unreachable`, `quorum-unreachable`: retry
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
    // During a rolling deployment newer code will be here soon; so will the stream, or its new home.
    if (isPassing(error)) return { kind: 'busy', stream: stream.name };
    return { kind: 'refused', stream: stream.name, problem: cutProblem(refusalOf(ports, error), MAX_REFUSAL_BYTES) };
  }
}

/** During a rolling deployment newer code will be here soon, and a home that moves, or has moved, can be written soon. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof MeridianError)) return false;
  const { code, details } = error;
  const isElsewhere = code === 'misdirected' && ('placement' in details || 'pin' in details);
  return code === 'unreadable-event' || code === 'home-moving' || isElsewhere;
}

/** Business outcomes are returned; outages are thrown, so that the step is retried. */
function isOutage(error: unknown): boolean {
  return error instanceof MeridianError && OUTAGES.includes(error.code);
}

const OUTAGES: readonly string[] = ['unavailable', 'region-unreachable', 'quorum-unreachable'];

async function tryToPrepare(ports: AppendPorts, asked: Prepare, stream: StreamRef): Promise<Prepared> {
  const { runtime } = ports;
  const commitId = attemptIdOf(asked);
  const deadline = runtime.elapsed() + asked.remaining;
  const { transaction, began, timeout } = asked;
  const me = { transaction, began: began ?? Number.MAX_SAFE_INTEGER };
  const line = new NextInLine(ports, me, commitId, deadline);
  const draft = await Draft.open(ports, {
    ...{ ...asked, ...asked.participant, stream, commitId },
    // Only one Region writes an attempt's intent, so a warm copy serves.
    isNew: true,
    intent: () => ({
      state: 'prepared',
      deadline: Math.ceil(databaseNow(runtime) + deadline - runtime.elapsed()),
      ...(began !== undefined && { began }),
      ...(timeout !== undefined && { timeout }),
    }),
  });
  for (let tries = 0; tries < PREPARE_TRIES; ) {
    const own = draft.history.intentOf(commitId);
    if (own) return earlier(draft.history, own, asked);
    if (runtime.elapsed() >= deadline) throw tooLate(stream.name);
    const drafted = await draft.next({ asks: 'never', waiter: me });
    if (drafted.kind === 'refused') throw drafted.error;
    if (drafted.kind === 'written') return prepared(draft.history, drafted.commit);
    if (drafted.kind !== 'commit') {
      if ('by' in drafted && (drafted.by.commitId === commitId || (await line.wait(drafted.by)))) continue;
      break;
    }
    const faster = await line.keep(draft.history.lastOf(draft.log));
    if (faster.length > 0) {
      draft.history.add(faster);
      continue;
    }
    if (runtime.elapsed() >= deadline) continue;
    const winner = await draft.put(drafted.commit);
    if (!winner) return prepared(draft.history, drafted.commit);
    runtime.metric('AppendConflict', 'Count', 1);
    if (winner.tx?.state !== 'prepared') await runtime.sleep(backoff(runtime, tries++));
    await draft.catchUp(winner);
  }
  return { kind: 'busy', stream: stream.name };
}

/** The result of an earlier prepare of the same attempt. */
function earlier(history: History, intent: Commit, { fingerprint }: Prepare): Prepared {
  if (intent.fingerprint !== fingerprint) throw idReused(history.stream, intent);
  // The attempt is decided, which counts, whatever this one answers.
  if (intent.tx?.state === 'aborted') throw tooLate(history.stream);
  return prepared(history, intent);
}

function prepared(history: History, intent: Commit | KnownCopy): Prepared {
  const { log, position } = intent;
  const region = 'region' in intent ? intent.region : undefined;
  return { kind: 'prepared', stream: history.stream, region, log, position, version: history.versionOf(intent) };
}

function tooLate(stream: string): MeridianError {
  return new MeridianError('deadline-exceeded', `The transaction's deadline passed before ${stream} was prepared.`);
}

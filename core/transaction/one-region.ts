import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { homeOf } from '../definition/stream.ts';
import type { Commit } from '../facts/commit.ts';
import { type AbortReason, abortOf, attemptIdOf, type Decision } from '../facts/decision.ts';
import { cutProblem, MeridianError, type Problem, toProblem } from '../facts/errors.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf, type Participant, type Transaction } from '../facts/transaction.ts';
import { MAX_PROBLEM_BYTES, ONE_REGION_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { keepSnapshot } from '../log/load.ts';
import type { InTheWay, OneRegionTransactions } from '../ports/one-region-transactions.ts';
import { backoff } from '../retry.ts';
import { busyProblem, finishIntents } from '../write/intents.ts';
import {
  type AppendPorts,
  conflictOf,
  type Decide,
  decider,
  idReused,
  isBehind,
  loadWarm,
  nextCommit,
  warmHistory,
} from '../write/writer.ts';

export interface OneRegionPorts extends AppendPorts {
  readonly events: AppendPorts['events'] & OneRegionTransactions;
}

/** A one-Region transaction has a single attempt, however often it retries internally. */
const ATTEMPT = 1;

/**
 * True if the home of every stream is the Region that drives the transaction. Depends on the ids alone, so that every
 * run of an id takes the same path.
 */
export function isOneRegion({ domain, regions }: AppendPorts, { id, participants }: Transaction): boolean {
  return participants.every(({ stream }) => homeIn(domain, stream, regions) === drivingRegionOf(id));
}

function homeIn(domain: Domain, name: string, regions: readonly string[]): string | undefined {
  const stream = parseStreamRef(name);
  return homeOf(streamTypeOf(domain, stream.type), stream, regions);
}

/** A participant with the in-memory copy of its stream. */
interface Draft {
  readonly participant: Participant;
  readonly stream: StreamRef;
  readonly decide: Decide;
  history: History;
  fresh: boolean;
}

/** A participant's contribution to the write, or why it has none. */
type Part =
  | { readonly kind: 'commit'; readonly commit: Commit }
  | { readonly kind: 'free'; readonly position: number }
  | { readonly kind: 'stale' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'refused'; readonly problem: Problem };

/**
 * Runs a transaction whose streams all have their home here: one request if they are warm, which writes all commits
 * and the outcome, or nothing. An abort is also stored before it is returned, so that retries with the same id return
 * the same outcome.
 * @returns the outcome; that of another request if the id was reused
 * @throws MeridianError `unavailable`: retry the same transaction to learn the outcome
 */
export async function runInOneRegion(ports: OneRegionPorts, transaction: Transaction): Promise<Decision> {
  const { runtime } = ports;
  const deadline = runtime.elapsed() + Math.min(transaction.timeout, ONE_REGION_MS);
  const drafts = await Promise.all(transaction.participants.map((participant) => draft(ports, participant)));
  const refused = drafts.find(isRefused);
  if (refused) return abort(ports, transaction, refused);
  const all = drafts.filter(isDraft);
  for (let tries = 0; ; tries++) {
    const parts = await Promise.all(all.map((one) => partOf(ports, transaction, one)));
    const at = parts.findIndex(({ kind }) => kind === 'refused');
    const reason = parts[at];
    if (reason?.kind === 'refused')
      return abort(ports, transaction, { stream: all[at]?.participant.stream, problem: reason.problem });
    if (parts.some(({ kind }) => kind === 'stale')) {
      await Promise.all(all.filter((_, i) => parts[i]?.kind === 'stale').map((one) => reload(ports, one)));
      continue;
    }
    let busy = all.find((_, i) => parts[i]?.kind === 'busy')?.participant.stream;
    // The stream may be held because an earlier request with this id already has an outcome.
    if (busy !== undefined && tries === 0 && !transaction.isNew) {
      const kept = await ports.events.findDecision(transaction.id);
      if (kept) return kept;
    }
    if (busy === undefined) {
      const decision = committed(ports, transaction, all, parts);
      const way = await write(ports, all, parts, decision);
      if (way === 'too large') return abort(ports, transaction, tooLarge);
      if (!way) return decision;
      if (way.decision) return way.decision;
      runtime.metric('AppendConflict', 'Count', 1);
      busy = way.taken[0]?.stream ?? way.contended[0];
      await catchUp(ports, all, way);
    }
    const wait = backoff(runtime, tries);
    if (runtime.elapsed() + wait > deadline)
      return abort(ports, transaction, { stream: busy, problem: busyProblem(busy) });
    await runtime.sleep(wait);
  }
}

function isRefused(one: Draft | AbortReason): one is AbortReason {
  return 'problem' in one;
}
function isDraft(one: Draft | AbortReason): one is Draft {
  return 'participant' in one;
}

async function draft(ports: OneRegionPorts, participant: Participant): Promise<Draft | AbortReason> {
  const { operation } = participant;
  const stream = parseStreamRef(participant.stream);
  const definition = streamTypeOf(ports.domain, stream.type);
  try {
    const decide: Decide = operation ? decider(definition, stream, operation) : () => ({ events: [] });
    const warm = warmHistory(ports, definition, stream);
    const history = warm ?? (await loadWarm(ports, stream));
    return { participant, stream, decide, history, fresh: warm === undefined };
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) throw error;
    return { stream: stream.name, problem: toProblem(error) };
  }
}

async function reload(ports: OneRegionPorts, one: Draft): Promise<void> {
  one.history = await loadWarm(ports, one.stream);
  one.fresh = true;
}

async function partOf(ports: OneRegionPorts, transaction: Transaction, one: Draft): Promise<Part> {
  const { participant, history, fresh } = one;
  if (await finishIntents(ports, history)) return { kind: 'busy' };
  if (!history.holds) return { kind: 'stale' };
  // During a rolling deployment newer code will be here soon: a retry of the same transaction succeeds then.
  if (fresh && history.unreadable) throw history.unreadable;
  const now = ports.runtime.now();
  const { id, fingerprint, meta } = transaction;
  const commitId = attemptIdOf({ transaction: id, attempt: ATTEMPT });
  const known = history.find(commitId, fingerprint, now);
  const conflict =
    known && known.fingerprint !== fingerprint
      ? idReused(participant.stream, known)
      : (history.unreadable ?? conflictOf(history, participant.expected));
  const decision = one.decide(() => history.state, now);
  // A warm copy may be stale: it must not cause a refusal, nor a decision that nothing changes.
  if (!fresh && (conflict || (participant.operation && !decision.events?.length))) return { kind: 'stale' };
  if (conflict || !decision.events) return { kind: 'refused', problem: toProblem(conflict ?? decision.error) };
  if (decision.events.length === 0) return { kind: 'free', position: history.lastPosition(ports.log) + 1 };
  try {
    const { events } = decision;
    const commit = nextCommit(ports, history, now, { commitId, fingerprint, events, context: history.seen, meta });
    return { kind: 'commit', commit };
  } catch (error) {
    return { kind: 'refused', problem: toProblem(error) };
  }
}

function committed(
  { log, runtime, region }: OneRegionPorts,
  { id, fingerprint }: Transaction,
  all: readonly Draft[],
  parts: readonly Part[],
): Decision {
  return {
    transaction: id,
    attempt: ATTEMPT,
    state: 'committed',
    final: true,
    fingerprint,
    participants: all.map(({ participant: { stream }, history }, i) => {
      const part = parts[i];
      return part?.kind === 'commit'
        ? { stream, log, position: part.commit.position, version: history.versionOf(part.commit) }
        : { stream, log, position: history.lastPosition(log), version: history.seen };
    }),
    remaining: 0,
    decidedAt: runtime.now(),
    region,
  };
}

const tooLarge: AbortReason = {
  problem: toProblem(
    new MeridianError(
      'too-large',
      'The events of its commands exceed the size of one transaction. Split the transaction.',
    ),
  ),
};

/** @returns the conflict; undefined if everything was written */
async function write(
  ports: OneRegionPorts,
  all: readonly Draft[],
  parts: readonly Part[],
  decision: Decision,
): Promise<InTheWay | 'too large' | undefined> {
  const commits = parts.flatMap((part) => (part.kind === 'commit' ? part.commit : []));
  const free = all.flatMap(({ participant: { stream } }, i) => {
    const part = parts[i];
    return part?.kind === 'free' ? { stream, log: ports.log, position: part.position } : [];
  });
  const way = await ports.events.transact({ commits, free, decision }).catch((error: unknown) => {
    if (error instanceof MeridianError && error.code === 'too-large') return 'too large' as const;
    throw error;
  });
  if (way) return way;
  ports.runtime.metric('Appended', 'Count', commits.length);
  ports.runtime.metric('TransactionCommitted', 'Count', 1);
  for (const [i, { participant, history }] of all.entries()) {
    const part = parts[i];
    if (part?.kind === 'commit') history.add([part.commit]);
    if (ports.warm.get(participant.stream)?.history === history) await keepSnapshot(ports, history);
  }
  return undefined;
}

/** Loads the commits written after the one that has the position; nothing follows an intent that is not final. */
async function catchUp(ports: OneRegionPorts, all: readonly Draft[], { taken }: InTheWay): Promise<void> {
  const { events, log } = ports;
  await Promise.all(
    all.map(async (one) => {
      const { history, participant } = one;
      const holder = taken.find(({ stream }) => stream === participant.stream);
      if (!holder) return;
      history.add([holder]);
      if (holder.tx?.state !== 'prepared') history.add(await events.loadLog(participant.stream, log, holder.position));
      if (isBehind(history, holder)) await reload(ports, one);
    }),
  );
}

/** Stores the abort under the transaction's id, unless it already has an outcome. */
async function abort(
  { events, runtime, region }: OneRegionPorts,
  { id, fingerprint }: Transaction,
  reason: AbortReason,
): Promise<Decision> {
  const mine = abortOf(
    { transaction: id, attempt: ATTEMPT, fingerprint, decidedAt: runtime.now(), region },
    { ...reason, problem: cutProblem(reason.problem, MAX_PROBLEM_BYTES) },
  );
  const standing = await events.putDecision(mine);
  if (!standing) runtime.metric('TransactionAborted', 'Count', 1);
  return standing ?? mine;
}

import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { homeOf } from '../definition/stream.ts';
import type { Commit } from '../facts/commit.ts';
import { type AbortReason, abortOf, attemptIdOf, type Decision } from '../facts/decision.ts';
import { cutProblem, MeridianError, type Problem, toProblem } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf, type Participant, type Transaction } from '../facts/transaction.ts';
import { MAX_PROBLEM_BYTES, ONE_REGION_MS } from '../limits/budgets.ts';
import type { InTheWay, OneRegionTransactions } from '../ports/one-region-transactions.ts';
import { Retries } from '../retry.ts';
import { Draft } from '../write/draft.ts';
import { busyProblem } from '../write/intents.ts';
import type { AppendPorts } from '../write/writer.ts';
import { refusalOf } from './refusal.ts';

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

/** What a transaction writes to one of its streams, or why it cannot. */
type Part =
  | { readonly kind: 'commit'; readonly draft: Draft; readonly commit: Commit }
  | { readonly kind: 'free'; readonly draft: Draft; readonly position: number }
  | { readonly kind: 'held'; readonly draft: Draft }
  | { readonly kind: 'written'; readonly draft: Draft }
  | { readonly kind: 'refused'; readonly draft: Draft; readonly problem: Problem };

type Writable = Extract<Part, { readonly kind: 'commit' | 'free' }>;

/**
 * Runs a transaction whose streams all have their home here: one request if they are warm, which writes all commits
 * and the outcome, or nothing. An abort is also stored before it is returned, so that retries with the same id return
 * the same outcome.
 * @returns the outcome; that of another request if the id was reused
 * @throws MeridianError
 * - `id-reused`: the id belongs to another transaction, which has a commit in one of the streams
 * - `unavailable`, `unreadable-event`: retry the same transaction to learn the outcome
 */
export async function runInOneRegion(ports: OneRegionPorts, transaction: Transaction): Promise<Decision> {
  const { runtime } = ports;
  const retries = new Retries(runtime, Math.min(transaction.timeout, ONE_REGION_MS));
  const drafts = await Promise.all(
    transaction.participants.map((participant) => open(ports, transaction, participant)),
  );
  for (;;) {
    const parts = await Promise.all(drafts.map((draft) => partOf(ports, draft)));
    const refused = parts.find((part) => part.kind === 'refused');
    if (refused) return abort(ports, transaction, { stream: refused.draft.stream, problem: refused.problem });
    if (parts.some(({ kind }) => kind === 'written')) return outcomeOfEarlier(ports, transaction.id);
    const held = parts.find(({ kind }) => kind === 'held');
    // The stream is held, but an earlier request with this id may already have an outcome.
    if (held && retries.tries === 0 && !transaction.isNew) {
      const kept = await ports.events.findDecision(transaction.id);
      if (kept) return kept;
    }
    const way = held ? undefined : await write(ports, transaction, parts.filter(isWritable));
    if (way && 'transaction' in way) return way;
    const busy = held?.draft.stream ?? way?.taken[0]?.stream ?? way?.contended[0];
    if (!(await retries.pause())) return abort(ports, transaction, { stream: busy, problem: busyProblem(busy) });
    for (const taken of way?.taken ?? []) await drafts.find(({ stream }) => stream === taken.stream)?.catchUp(taken);
  }
}

/**
 * The outcome of an earlier request, one of whose commits is here. It was a multi-Region transaction if the homes of its
 * streams have changed since.
 */
async function outcomeOfEarlier({ events, decisions }: OneRegionPorts, id: string): Promise<Decision> {
  const outcome = (await events.findDecision(id)) ?? (await decisions.attempts(id, 'local')).at(-1);
  if (outcome?.final) return outcome;
  throw new MeridianError('unavailable', `The outcome of ${id} has not arrived here yet. Retry with the same id.`, {
    retryable: true,
  });
}

function open(ports: OneRegionPorts, { id, fingerprint, meta }: Transaction, participant: Participant): Promise<Draft> {
  const commitId = attemptIdOf({ transaction: id, attempt: ATTEMPT });
  return Draft.open(ports, {
    ...participant,
    stream: parseStreamRef(participant.stream),
    commitId,
    fingerprint,
    meta,
    isNew: true,
  });
}

async function partOf(ports: OneRegionPorts, draft: Draft): Promise<Part> {
  try {
    const drafted = await draft.next();
    if (drafted.kind !== 'decided') return { kind: drafted.kind, draft };
    if (drafted.events.length === 0)
      return { kind: 'free', draft, position: draft.history.lastPosition(ports.log) + 1 };
    return { kind: 'commit', draft, commit: draft.commit(drafted) };
  } catch (error) {
    // A reused id is never recorded as an outcome, because the id belongs to the other transaction.
    if (error instanceof MeridianError && (error.retryable || error.code === 'id-reused')) throw error;
    return { kind: 'refused', draft, problem: refusalOf(ports, error) };
  }
}

function isWritable(part: Part): part is Writable {
  return part.kind === 'commit' || part.kind === 'free';
}

function committed(
  { log, runtime, region }: OneRegionPorts,
  { id, fingerprint }: Transaction,
  parts: readonly Writable[],
): Decision {
  return {
    transaction: id,
    attempt: ATTEMPT,
    state: 'committed',
    final: true,
    fingerprint,
    participants: parts.map((part) => {
      const { stream, history } = part.draft;
      return part.kind === 'commit'
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

/** @returns the outcome that is recorded, or why nothing was written */
async function write(
  ports: OneRegionPorts,
  transaction: Transaction,
  parts: readonly Writable[],
): Promise<Decision | InTheWay> {
  const { events, log, runtime } = ports;
  const decision = committed(ports, transaction, parts);
  const commits = parts.flatMap((part) => (part.kind === 'commit' ? part.commit : []));
  const free = parts.flatMap(({ draft: { stream }, ...part }) =>
    part.kind === 'free' ? { stream, log, position: part.position } : [],
  );
  try {
    const way = await events.transact({ commits, free, decision });
    if (way?.decision) return way.decision;
    if (way) {
      runtime.metric('AppendConflict', 'Count', 1);
      return way;
    }
  } catch (error) {
    if (error instanceof MeridianError && error.code === 'too-large') return abort(ports, transaction, tooLarge);
    throw error;
  }
  runtime.metric('TransactionCommitted', 'Count', 1);
  for (const part of parts) if (part.kind === 'commit') await part.draft.wrote(part.commit);
  return decision;
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

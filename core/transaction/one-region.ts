import { streamTypeOf } from '../definition/domain.ts';
import { homeOf } from '../definition/stream.ts';
import { type AbortReason, abortOf, attemptIdOf, type Decision } from '../facts/decision.ts';
import { cutProblem, MeridianError, toProblem } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf, type Participant, parseAttemptId, type Transaction } from '../facts/transaction.ts';
import { MAX_PROBLEM_BYTES, ONE_REGION_MS } from '../limits/budgets.ts';
import type { InTheWay, OneRegionTransactions } from '../ports/one-region-transactions.ts';
import { Retries } from '../retry.ts';
import { Draft, type Drafted } from '../write/draft.ts';
import { writerOf } from '../write/home.ts';
import { busyProblem } from '../write/intents.ts';
import { type AppendPorts, idReused } from '../write/writer.ts';
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
  return participants.every(({ stream: name }) => {
    const stream = parseStreamRef(name);
    return homeOf(streamTypeOf(domain, stream.type), stream, regions) === drivingRegionOf(id);
  });
}

/** True if this Region writes every stream of a one-Region transaction now: the home of one may have moved. */
export async function isWrittenHere(ports: AppendPorts, { participants }: Transaction): Promise<boolean> {
  for (const { stream } of participants)
    if ((await writerOf(ports, parseStreamRef(stream))).region !== ports.region) return false;
  return true;
}

/**
 * Has every later run of a one-Region transaction go as if its streams had their homes in several Regions, so that no two of its runs
 * take different paths.
 * @returns its outcome, if it has one already; or the record that it goes this way, which is no outcome
 */
export async function goSeveral(ports: OneRegionPorts, transaction: Transaction): Promise<Decision> {
  const { events, runtime, region } = ports;
  const { id, fingerprint, timeout } = transaction;
  const now = runtime.now();
  const several = abortOf({ transaction: id, attempt: 0, fingerprint, decidedAt: now, region }, undefined, {
    remaining: timeout,
    began: now,
    timeout,
  });
  return (await events.putDecision(several)) ?? several;
}

/** What a transaction writes to one of its streams, or why it cannot. */
type Part = { readonly draft: Draft } & Drafted;

type Writable = Extract<Part, { readonly kind: 'commit' | 'unchanged' }>;

/**
 * Runs a transaction whose streams all have their home here: one request if they are warm, which writes all commits
 * and the outcome, or nothing. An abort is also stored before it is returned, so that retries with the same id return
 * the same outcome.
 * @returns the outcome; that of another request if the id was reused; or the record of `goSeveral`
 * @throws MeridianError
 * - `misdirected`: another Region writes one of the streams
 * - `home-moving`, retryable: a Region that wrote one of them before has not handed it over yet
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
    const parts = await Promise.all(
      drafts.map(
        async (draft): Promise<Part> => ({
          draft,
          ...(await draft.next({ asks: retries.tries > 0 ? 'end' : 'decision' })),
        }),
      ),
    );
    checkPath(transaction, parts);
    if (parts.some(({ kind }) => kind === 'written')) return outcomeOfEarlier(ports, transaction.id);
    const refused = parts.find((part) => part.kind === 'refused');
    if (refused) return abort(ports, transaction, reasonOf(ports, refused.draft, refused.error));
    const held = parts.find(({ kind }) => kind === 'held');
    // The stream may be held because an earlier request with this id already has an outcome.
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
 * A stream may be held by an attempt of this id: then the id is that of a multi-Region transaction, whose outcome nothing
 * may be recorded beside.
 * @throws MeridianError `id-reused`; `unavailable`: it is the same transaction, from before the homes of its streams changed
 */
function checkPath({ id, fingerprint }: Transaction, parts: readonly Part[]): void {
  for (const part of parts) {
    if (part.kind !== 'held' || parseAttemptId(part.by.commitId).transaction !== id) continue;
    throw part.by.fingerprint === fingerprint ? notHereYet(id) : idReused(part.draft.stream, part.by);
  }
}

/** @throws the error, if it must not be recorded as an outcome: it is temporary, or the id is that of another transaction */
function reasonOf(ports: OneRegionPorts, { stream }: Draft, error: unknown): AbortReason {
  if (error instanceof MeridianError && (error.retryable || error.code === 'id-reused')) throw error;
  return { stream, problem: refusalOf(ports, error) };
}

/**
 * The outcome of an earlier request, one of whose commits is here. It was a multi-Region transaction if the homes of its
 * streams have changed since.
 */
async function outcomeOfEarlier({ events, decisions }: OneRegionPorts, id: string): Promise<Decision> {
  const kept = await events.findDecision(id);
  const outcome = kept?.final ? kept : (await decisions.attempts(id, 'local')).at(-1);
  if (outcome?.final) return outcome;
  throw notHereYet(id);
}

function notHereYet(id: string): MeridianError {
  return new MeridianError('unavailable', `The outcome of ${id} has not arrived here yet. Retry with the same id.`, {
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
    // The recorded outcome shows whether an earlier request has run, so a warm copy serves.
    isNew: true,
  });
}

function isWritable(part: Part): part is Writable {
  return part.kind === 'commit' || part.kind === 'unchanged';
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
    participants: parts.map((part) => ({
      stream: part.draft.stream,
      log,
      position: part.kind === 'commit' ? part.commit.position : part.position - 1,
      version: part.version,
    })),
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
    part.kind === 'unchanged' ? { stream, log, position: part.position } : [],
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

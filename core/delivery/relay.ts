import { inChunks } from '../facts/chunks.ts';
import { type Commit, isShared, isVisible } from '../facts/commit.ts';
import type { Decision } from '../facts/decision.ts';
import type { Hlc } from '../facts/hlc.ts';
import type { LedgerEntry } from '../facts/ledger.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf, nextAttemptEnds } from '../facts/transaction.ts';
import { type NoticePorts, noticeConcurrent } from '../ledger/notice.ts';
import { SQS_MAX_DELAY_S } from '../limits/aws.ts';
import { LOOK_AGAIN_MS, MAX_TRANSACTION_MS, RESOLVER_ELSEWHERE_MS, RESOLVER_SLACK_MS } from '../limits/budgets.ts';
import type { Bus } from '../ports/bus.ts';
import type { DelayedMessage, DelayedQueue } from '../ports/delayed-queue.ts';
import type { Queue } from '../ports/queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Sightings } from '../ports/sightings.ts';
import { announcementOf } from '../wire/announcement.ts';
import type { BusEntry } from '../wire/bus.ts';
import { entriesOf } from '../wire/bus-event.ts';
import { conflictDetailTypeOf, conflictEntryOf } from '../wire/conflict-event.ts';
import { encodeConcurrent, encodeKeys } from '../wire/projection.ts';
import { encodeQuarantined } from '../wire/quarantine.ts';
import { encodeResolverMessage } from '../wire/resolver.ts';
import { bytesAtMost, deliverInBatches, entryBytes } from './deliver.ts';

export interface PublishPorts {
  readonly region: string;
  readonly bus: Bus;
  /** For entries that the bus will never accept. */
  readonly quarantine: Queue;
  readonly runtime: Runtime;
}

export interface ArmPorts {
  readonly region: string;
  /** The resolver's queue. */
  readonly resolver: DelayedQueue;
  readonly runtime: Runtime;
}

export interface ListPorts extends NoticePorts {
  readonly projection: Queue;
  /** The same queue, for streams that are looked at again. */
  readonly lookAgain: DelayedQueue;
}

export interface RelayPorts extends PublishPorts, ArmPorts, ListPorts {
  /** The stream types that at least one view is computed from. */
  readonly projectedTypes: ReadonlySet<string>;
  readonly sightings: Sightings;
}

/** What matters of a final commit, apart from its events: all that is read of one in the log of another Region. */
export type Arrival = Pick<Commit, 'stream' | 'log' | 'position' | 'region' | 'hlc' | 'context'>;

/**
 * A change from a table's stream: a new commit or an intent that became final, the arrival of one in the log of another Region,
 * a decision or outcome, or a revision of an entry of the ledger of conflicts.
 */
export type Change =
  | { readonly commit: Commit }
  | { readonly arrival: Arrival }
  | { readonly decision: Decision }
  | { readonly conflict: LedgerEntry };

/** Keys per message to the projector. */
const KEYS_PER_MESSAGE = 50;

/**
 * Forwards changes from the tables' streams. The bus gets the events of visible commits written here, or to a log that all Regions
 * write, the outcomes of transactions driven here, and the conflicts that this Region keeps, and the quarantine those that it refuses permanently; the projection queue gets the keys of every Region's final commits; the resolver's queue
 * gets delayed messages about prepared intents and expected attempts. Records the newest stamp of each Region. Sending
 * twice is harmless.
 * @returns the changes that could not be sent completely and must be redelivered
 */
export async function relayChanges(ports: RelayPorts, changes: readonly Change[]): Promise<ReadonlySet<Change>> {
  // An aborted intent has no visible events, but it may unblock the commits behind it.
  const final = changes.flatMap((change): { readonly change: Change; readonly commit: Arrival }[] => {
    if ('arrival' in change) return [{ change, commit: change.arrival }];
    return 'commit' in change && change.commit.tx?.state !== 'prepared' ? [{ change, commit: change.commit }] : [];
  });
  const commits = final.map(({ commit }) => commit);
  const [{ failed: unpublished }, unprojected, unnoticed, unarmed] = await Promise.all([
    publishChanges(ports, changes),
    notifyProjector(ports, commits),
    noticeConflicts(ports, commits),
    armResolver(ports, changes),
  ]);
  // Sightings serve `health` only: a failure to record them does not justify sending everything again.
  await noteSightings(ports, commits).catch(() => ports.runtime.metric('SightingFailed', 'Count', 1));
  countConflicts(ports, changes, new Set(unpublished));
  const unsent = new Set(unprojected);
  return new Set([
    ...unpublished,
    ...unarmed,
    ...final.filter(({ commit }) => unsent.has(commit) || unnoticed.has(commit.stream)).map(({ change }) => change),
  ]);
}

interface Published {
  /** Number of entries that the bus took. */
  readonly published: number;
  /** One change per entry that could not be published, and each change without an entry because of a fault of its own. */
  readonly failed: readonly Change[];
  /** Number of entries that the bus will never accept, and that are now in the quarantine. */
  readonly refused: number;
}

/**
 * Publishes the outcome of a transaction that another Region drove, and does not announce any more.
 * @returns false if the bus has not taken it
 */
export async function announceOutcome(ports: PublishPorts, decision: Decision): Promise<boolean> {
  const driving = drivingRegionOf(decision.transaction);
  const { failed } = await publishChanges({ ...ports, region: driving }, [{ decision }]);
  return failed.length === 0;
}

interface Outgoing {
  readonly change: Change;
  readonly entry: BusEntry;
}

/**
 * Publishes the events of commits written here, the outcomes of transactions driven here, and the conflicts kept here. An entry that the bus
 * refuses permanently goes to the quarantine with the reason: it would hold up everything behind it.
 */
export async function publishChanges(ports: PublishPorts, changes: readonly Change[]): Promise<Published> {
  const { bus, runtime } = ports;
  const outgoing: Outgoing[] = [];
  const failed: Change[] = [];
  for (const change of changes)
    try {
      outgoing.push(...entriesFor(ports, change).map((entry) => ({ change, entry })));
    } catch (error) {
      // Its own fault, such as a time that is none, must not fail the others.
      runtime.unexpected(error);
      failed.push(change);
    }
  const answers = await deliverInBatches(
    outgoing,
    ({ entry }) => entryBytes(entry),
    (batch) => bus.put(batch.map(({ entry }) => entry)),
    runtime,
  );
  const refused = outgoing.flatMap(({ change, entry }, i) => {
    const answer = answers[i];
    return typeof answer === 'object' ? [{ change, entry, reason: `The bus refused it: ${answer.permanent}` }] : [];
  });
  const unkept = await quarantineRefused(ports, refused);
  failed.push(...outgoing.filter((_, i) => typeof answers[i] === 'string').map(({ change }) => change), ...unkept);
  const kept = refused.length - unkept.length;
  const published = answers.filter((answer) => answer === undefined).length;
  runtime.metric('Published', 'Count', published);
  if (failed.length > 0) runtime.metric('PublishFailed', 'Count', failed.length);
  if (kept > 0) runtime.metric('PublishRefused', 'Count', kept);
  return { published, failed, refused: kept };
}

/** @returns the changes whose entries could not be stored */
async function quarantineRefused(
  { quarantine, runtime }: PublishPorts,
  refused: readonly (Outgoing & { readonly reason: string })[],
): Promise<readonly Change[]> {
  const answers = await deliverInBatches(
    refused.map(({ reason, entry }) => encodeQuarantined({ reason, entry })),
    bytesAtMost,
    (batch) => quarantine.send(batch),
    runtime,
  );
  return refused.filter((_, i) => answers[i] !== undefined).map(({ change }) => change);
}

/** True if this Region puts the events of a commit on its bus. Those of a log that all Regions write need not be forwarded. */
export function isPublishedIn(region: string, commit: Commit): boolean {
  return commit.region === region || isShared(commit);
}

/** True if this Region announces the revisions of an entry of the ledger: it is the only one that writes them. */
function isAnnouncedIn(region: string, { writer }: LedgerEntry): boolean {
  return writer === region;
}

/** The entries of a change on the bus: none if another Region puts them there. */
export function entriesFor({ region }: Pick<PublishPorts, 'region'>, change: Change): readonly BusEntry[] {
  if ('commit' in change)
    return isPublishedIn(region, change.commit) && isVisible(change.commit) ? entriesOf(change.commit) : [];
  if ('arrival' in change) return [];
  if ('conflict' in change) return isAnnouncedIn(region, change.conflict) ? [conflictEntryOf(change.conflict)] : [];
  const { decision } = change;
  return decision.final && drivingRegionOf(decision.transaction) === region ? [announcementOf(decision)] : [];
}

/**
 * Schedules the resolver for the deadlines of intents prepared here, and of the next attempts of transactions driven
 * here that are promised or busy; and later for intents that another Region prepared in a log that all Regions write, in case it is lost.
 * @returns the changes that could not be scheduled
 */
export async function armResolver(ports: ArmPorts, changes: readonly Change[]): Promise<readonly Change[]> {
  const armed = changes.flatMap((change) => {
    const message = resolverMessageFor(ports, change);
    return message ? { change, message } : [];
  });
  const answers = await deliverInBatches(
    armed,
    ({ message }) => bytesAtMost(message.body),
    (batch) => ports.resolver.send(batch.map(({ message }) => message)),
    ports.runtime,
  );
  return armed.filter((_, i) => answers[i] !== undefined).map(({ change }) => change);
}

/** The message that schedules the resolver for a change; undefined if it needs none, or another Region sends it. */
export function resolverMessageFor(
  { region, runtime }: Omit<ArmPorts, 'resolver'>,
  change: Change,
): DelayedMessage | undefined {
  const at = (due: number) => Math.min(SQS_MAX_DELAY_S * 1000, Math.max(0, due - runtime.now()) + RESOLVER_SLACK_MS);
  if ('commit' in change) {
    const { stream, log, position, commitId, tx, region: writtenIn } = change.commit;
    if (tx?.state !== 'prepared' || !isPublishedIn(region, change.commit)) return undefined;
    const body = encodeResolverMessage({ kind: 'intent', stream, log, position, attemptId: commitId });
    // The clock of another Region is not compared with this one.
    return { body, delay: writtenIn === region ? at(tx.deadline) : MAX_TRANSACTION_MS + RESOLVER_ELSEWHERE_MS };
  }
  if ('arrival' in change || 'conflict' in change) return undefined;
  const { final, transaction, attempt, fingerprint } = change.decision;
  if (final || drivingRegionOf(transaction) !== region) return undefined;
  const body = encodeResolverMessage({ kind: 'attempt', transaction, attempt: attempt + 1, fingerprint });
  return { body, delay: at(nextAttemptEnds(change.decision)) };
}

async function notifyProjector(
  { projectedTypes, projection, runtime }: RelayPorts,
  commits: readonly Arrival[],
): Promise<readonly Arrival[]> {
  const projected = commits.filter(({ stream }) => projectedTypes.has(parseStreamRef(stream).type));
  const messages = inChunks(projected, KEYS_PER_MESSAGE).map((carried) => ({ carried, body: encodeKeys(carried) }));
  const answers = await deliverInBatches(
    messages,
    ({ body }) => bytesAtMost(body),
    (batch) => projection.send(batch.map(({ body }) => body)),
    runtime,
  );
  return messages.filter((_, i) => answers[i] !== undefined).flatMap(({ carried }) => carried);
}

/**
 * Has the entries in the ledger brought up to date that commits may concern.
 * @returns the streams for which this could not be sent
 */
export async function noticeConflicts(ports: ListPorts, commits: readonly Arrival[]): Promise<ReadonlySet<string>> {
  const { projection, runtime } = ports;
  const { now, again } = await noticeConcurrent(ports, commits);
  const later = again.size > 0 ? lookAgain(ports, again) : undefined;
  const messages = messagesAbout(now);
  const answers = await deliverInBatches(
    messages,
    ({ body }) => bytesAtMost(body),
    (batch) => projection.send(batch.map(({ body }) => body)),
    runtime,
  );
  const unsent = messages.filter((_, i) => answers[i] !== undefined).flatMap(({ carried }) => carried);
  return new Set(later ? [...unsent, ...(await later)] : unsent);
}

/** @returns the streams for which this could not be sent */
async function lookAgain(
  { lookAgain: queue, runtime }: ListPorts,
  streams: ReadonlySet<string>,
): Promise<readonly string[]> {
  const messages = messagesAbout(streams);
  const answers = await deliverInBatches(
    messages,
    ({ body }) => bytesAtMost(body),
    (batch) => queue.send(batch.map(({ body }) => ({ body, delay: LOOK_AGAIN_MS }))),
    runtime,
  );
  return messages.filter((_, i) => answers[i] !== undefined).flatMap(({ carried }) => carried);
}

function messagesAbout(streams: ReadonlySet<string>) {
  return inChunks([...streams], KEYS_PER_MESSAGE).map((carried) => ({ carried, body: encodeConcurrent(carried) }));
}

/** Counts what was announced of conflicts, by stream type. Not what is published again later: that happened before. */
function countConflicts(
  { region, runtime }: RelayPorts,
  changes: readonly Change[],
  failed: ReadonlySet<Change>,
): void {
  for (const change of changes) {
    if (!('conflict' in change) || failed.has(change) || !isAnnouncedIn(region, change.conflict)) continue;
    const { status, stream } = change.conflict;
    if (status !== 'superseded')
      runtime.metric(conflictDetailTypeOf(change.conflict), 'Count', 1, parseStreamRef(stream).type);
  }
}

async function noteSightings({ sightings }: RelayPorts, commits: readonly Arrival[]): Promise<void> {
  const newest = new Map<string, Hlc>();
  // How far replication is does not show in a log that needs none.
  for (const { region, hlc } of commits.filter((commit) => !isShared(commit)))
    if (hlc > (newest.get(region) ?? '')) newest.set(region, hlc);
  await Promise.all([...newest].map(([region, hlc]) => sightings.record(region, hlc)));
}

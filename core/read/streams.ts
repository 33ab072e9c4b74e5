import type { Mode } from '../definition/conflicts.ts';
import { streamTypeOf } from '../definition/domain.ts';
import type { Commit } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import { countWithin } from '../facts/json.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf, parseAttemptId } from '../facts/transaction.ts';
import { advanceVersion, emptyVersion, type VersionVector } from '../facts/version.ts';
import { DEFAULT_PAGE, PAGE_BYTES } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { type LoadPorts, loadAtLeast } from '../log/load.ts';
import type { Consistency, EventStore } from '../ports/event-store.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { Point } from '../wire/point.ts';
import type { ViewPorts } from './current-view.ts';
import { firstSeen } from './first-commits.ts';
import type { HealthPorts } from './health.ts';

/** How long a read waits for a version. */
export interface WaitOptions {
  /** Milliseconds. @default `CATCH_UP_MS` */
  readonly waitMs?: number | undefined;
}

export interface StreamState {
  readonly state: unknown;
  readonly version: VersionVector;
  readonly mode: Mode;
  /** True if the stream is `strong`, and was read from this Region's replica alone: it may be behind. */
  readonly local?: boolean;
}

export interface ReadOptions extends WaitOptions {
  /** What this Region must have seen. */
  readonly atLeast?: VersionVector | undefined;
  /** The point whose state is wanted. @default what this Region has seen */
  readonly at?: Point | undefined;
  /** How a `strong` stream is read; others are always read from this Region's replica. @default strong */
  readonly consistency?: Consistency | undefined;
}

/**
 * The state of a stream as this Region has seen it, or at an earlier point; a stream without commits has the initial state
 * of its type. Waits until this Region has seen the versions in the options. A `strong` stream is read as it is in all Regions.
 * @throws MeridianError `unknown-stream-type`; `validation`: no Region can have seen one of these versions; `not-caught-up`,
 *   with the version this Region has seen; `unavailable`; `quorum-unreachable`
 */
export async function readStream(
  ports: StreamReadPorts,
  stream: string,
  options: ReadOptions = {},
): Promise<StreamState> {
  const ref = parseStreamRef(stream);
  const { mode } = streamTypeOf(ports.domain, ref.type);
  const isLocal = mode === 'strong' && options.consistency === 'local';
  const { history, version } = await loadPoint(isLocal ? { ...ports, consistency: 'local' } : ports, ref, options);
  await keepShown(ports, history);
  return { state: history.stateAt(version), version, mode, ...(isLocal && { local: true }) };
}

/** A stream, and the version to show. */
async function loadPoint(ports: StreamReadPorts, ref: StreamRef, { atLeast, at, waitMs }: ReadOptions) {
  const wanted = { atLeast, ...(at && 'version' in at && { at: at.version }) };
  const loaded = await loadAtLeast(ports, ref, wanted, waitMs);
  if (!at) return { history: loaded, version: loaded.seen };
  const { snapshots: _snapshots, ...table } = ports;
  // A snapshot that includes later commits is of no use. What was seen a moment ago needs no further wait.
  const history = reachesPoint(loaded, at) ? loaded : await loadAtLeast(table, ref, wanted, 0);
  return { history, version: 'version' in at ? at.version : history.writtenBy(at.time) };
}

function reachesPoint(history: History, at: Point): boolean {
  return 'version' in at ? history.reaches(at.version) : history.reachesTime(at.time);
}

/**
 * Finalises the intents whose decision was read in another Region. The next read then returns the same, even if that
 * Region can no longer be reached.
 */
export async function keepShown({ region, decisions, events }: StreamReadPorts, { intents }: History): Promise<void> {
  if (decisions.strong) return;
  await Promise.all(
    intents.map(async ({ intent, state }) => {
      const { transaction } = parseAttemptId(intent.commitId);
      if (!state || intent.region !== region || drivingRegionOf(transaction) === region) return;
      await events.finalise(intent, state).catch((error: unknown) => {
        if (!(error instanceof MeridianError && error.retryable)) throw error;
      });
    }),
  );
}

export interface CommitsOptions extends WaitOptions {
  /** A version whose commits the reader has. @default none */
  readonly after?: VersionVector | undefined;
  /** Commits per page, at most. @default 100 */
  readonly limit?: number | undefined;
}

export interface CommitPage {
  readonly commits: readonly Commit[];
  /** The reader's version after this page; pass it as `after` to get the next page. */
  readonly version: VersionVector;
  readonly more: boolean;
}

/**
 * The first seen commits that `after` does not cover, in fold order; loads about as many of each log. Every page is
 * causally closed, so following a stream by `after` misses nothing: a commit that arrives late is returned late,
 * whatever its stamp. A page has at most `limit` commits, and fewer if they would have more than {@link PAGE_BYTES}.
 * @throws MeridianError as `readStream`
 */
export async function readCommits(
  ports: StreamReadPorts,
  stream: string,
  { after = emptyVersion, limit = DEFAULT_PAGE, waitMs }: CommitsOptions = {},
): Promise<CommitPage> {
  const ref = parseStreamRef(stream);
  if (!(await hasSeen(ports, stream, after))) await loadAtLeast(ports, ref, { after }, waitMs);
  // One more than requested shows whether any follow.
  const { commits: unread, history } = await firstSeen(ports, ref, after, limit + 1);
  await keepShown(ports, history);
  const limited = unread.slice(0, limit);
  const commits = limited.slice(0, countWithin(limited, PAGE_BYTES));
  const version = commits.reduce(advanceVersion, after);
  return { commits, version, more: unread.length > commits.length };
}

/**
 * True if the table has the last commit of each log of a version: one read of an item for each. If replication has left a gap
 * before one, the reader has the missing commits, because it has that version.
 */
async function hasSeen({ events }: StreamReadPorts, stream: string, version: VersionVector): Promise<boolean> {
  if (Object.keys(version).length > MAX_LOGS_READ) return false;
  const last = await Promise.all(Object.entries(version).map(([log, position]) => events.at(stream, log, position)));
  return last.every((commit) => commit && commit.tx?.state !== 'prepared');
}

/** The most logs of a version that are looked up one by one. A deployment has five Regions, and a log for each restored one. */
const MAX_LOGS_READ = 20;

/** The ports for reading streams. */
export interface StreamReadPorts extends LoadPorts {
  readonly events: EventStore & Pick<IntentStore, 'finalise' | 'at'>;
}

/** The ports for reading streams, views and the Region's health. */
export type ReadPorts = StreamReadPorts & ViewPorts & HealthPorts;

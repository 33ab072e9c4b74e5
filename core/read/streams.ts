import type { Mode } from '../definition/conflicts.ts';
import { streamTypeOf } from '../definition/domain.ts';
import type { Commit } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import { countWithin } from '../facts/json.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { drivingRegionOf, parseAttemptId } from '../facts/transaction.ts';
import { advanceVersion, emptyVersion, type VersionVector } from '../facts/version.ts';
import { PAGE_BYTES } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { type LoadPorts, loadAtLeast } from '../log/load.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import { firstSeen } from './first-commits.ts';
import type { HealthPorts } from './health.ts';
import type { ViewPorts } from './views.ts';

export interface StreamState {
  readonly state: unknown;
  readonly version: VersionVector;
  readonly mode: Mode;
}

/**
 * The state of a stream as this Region has seen it; a stream without commits has the initial state of its type.
 * @param atLeast waits up to `CATCH_UP_MS` until this Region has seen that version
 * @throws MeridianError `unknown-stream-type`; `validation`: no Region can have seen `atLeast`; `not-caught-up`, with the version
 *   this Region has seen; `unavailable`
 */
export async function readStream(
  ports: StreamReadPorts,
  stream: string,
  atLeast?: VersionVector,
): Promise<StreamState> {
  const ref = parseStreamRef(stream);
  const { mode } = streamTypeOf(ports.domain, ref.type);
  const history = await loadAtLeast(ports, ref, atLeast);
  await keepShown(ports, history);
  return { state: history.state, version: history.seen, mode };
}

/**
 * Finalises the intents whose decision was read in another Region. The next read then returns the same, even if that
 * Region can no longer be reached.
 */
async function keepShown({ region, decisions, events }: StreamReadPorts, { intents }: History): Promise<void> {
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
  after: VersionVector = emptyVersion,
  limit = 100,
): Promise<CommitPage> {
  const ref = parseStreamRef(stream);
  if (!(await hasSeen(ports, stream, after))) await loadAtLeast(ports, ref, after, 'after');
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

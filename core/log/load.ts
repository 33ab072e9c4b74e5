import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { currentSchemaVersions } from '../definition/event-version.ts';
import { hasRepairs } from '../definition/stream.ts';
import { type Commit, isShared } from '../facts/commit.ts';
import { invalid, MeridianError } from '../facts/errors.ts';
import { type Hlc, wallTimeOf } from '../facts/hlc.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, joinVersions, sameVersion, type VersionVector, versionDominates } from '../facts/version.ts';
import { CATCH_UP_MS } from '../limits/budgets.ts';
import type { Decisions } from '../ports/decisions.ts';
import type { Consistency, EventStore } from '../ports/event-store.ts';
import type { Remote } from '../ports/remote.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { SnapshotStore } from '../ports/snapshot-store.ts';
import { Retries } from '../retry.ts';
import { encodeVersionToken } from '../wire/version-token.ts';
import { decisionHere, readDecision } from './decisions.ts';
import { History } from './history.ts';
import { type LostPorts, lostIn } from './lost.ts';
import { byQuorum, portsFor } from './shared-log.ts';

export interface LoadPorts extends LostPorts {
  readonly domain: Domain;
  /** This Region. */
  readonly region: string;
  /** The log that this Region writes. @default none */
  readonly log?: string;
  /** The logs that the Regions of the deployment write. @default unknown */
  readonly logs?: readonly string[] | undefined;
  readonly events: EventStore;
  readonly decisions: Decisions;
  /**
   * The `participant` functions of the other Regions, which can be asked for their decisions.
   * @default a decision missing from this Region's replica is not asked for
   */
  readonly participants?: Remote;
  readonly runtime: Runtime;
  /** @default no snapshots: every stream is loaded in full */
  readonly snapshots?: SnapshotStore;
  /** How `strong` streams are read. @default strong */
  readonly consistency?: Consistency | undefined;
}

/**
 * A stream as in this Region's table: loaded from the newest usable snapshot and the commits after it, if its type
 * has snapshots, otherwise in full. Stores a newer snapshot if many commits had to be loaded.
 * @throws MeridianError `unknown-stream-type`; `unavailable`; `quorum-unreachable`
 */
export async function loadHistory(ports: LoadPorts, stream: StreamRef): Promise<History> {
  const history = (await loadFromSnapshot(ports, stream)) ?? (await loadWhole(ports, stream));
  reportHidden(ports, history);
  await keepSnapshot(ports, history);
  return history;
}

/**
 * Reports the number of hidden commits and the age of the oldest: a growing age means that a commit does not arrive.
 */
function reportHidden({ runtime }: LoadPorts, { hidden, oldestHidden }: History): void {
  if (oldestHidden === undefined) return;
  runtime.metric('HiddenCommits', 'Count', hidden);
  runtime.metric('HiddenCommitAge', 'Milliseconds', Math.max(0, runtime.now() - wallTimeOf(oldestHidden)));
}

/** All commits of a stream, for callers that need more than a snapshot. @throws MeridianError as `loadHistory` */
export async function loadWhole(ports: LoadPorts, { name, type }: StreamRef): Promise<History> {
  const { domain, events, consistency } = ports;
  const commits = await events.load(name, undefined, consistency);
  return withDecisions(ports, new History(streamTypeOf(domain, type), name, commits));
}

/**
 * Makes committed intents visible before they are final. A stream's home also asks other Regions for decisions, so that
 * a committed transaction is visible there at once. If a decision cannot be read, its intent and the commits after it
 * stay hidden; in a log that all Regions write that would show an old state, so it fails.
 */
export async function withDecisions(ports: LoadPorts, history: History): Promise<History> {
  const attempts = Map.groupBy(history.undecided, ({ commitId }) => commitId);
  await Promise.all(
    attempts.entries().map(async ([attemptId, intents]) => {
      const isHome = intents.some(({ region }) => region === ports.region);
      const decision = await (intents.some(isShared)
        ? sharedDecision(ports, attemptId)
        : readDecision(ports, attemptId, isHome));
      if (decision) history.decide(decision);
    }),
  );
  return history;
}

/** A read of a log that all Regions write fails without the decision. */
function sharedDecision(ports: LoadPorts, attemptId: string) {
  return ports.consistency === 'local'
    ? decisionHere(ports, attemptId)
    : byQuorum(readDecision(ports, attemptId, true, 'failed'));
}

async function loadFromSnapshot(ports: LoadPorts, { name, type }: StreamRef): Promise<History | undefined> {
  const { domain, events, snapshots, consistency } = ports;
  const definition = streamTypeOf(domain, type);
  if (!snapshots || !definition.snapshots) return undefined;
  const { codeVersion } = definition.snapshots;
  const newest = (before?: Hlc) => orReportFailure(ports, () => snapshots.newest(name, codeVersion, before));
  const known = currentSchemaVersions(definition.events);
  for (let snapshot = await newest(); snapshot; snapshot = await newest(snapshot.latestStamp)) {
    // Code that knows other events may have folded commits differently, or folded events that are unreadable here. A snapshot from
    // before the type had `reconcile` may hide conflicts that wait for a repair.
    const isUsable = sameVersion(snapshot.schemaVersions, known) && (snapshot.repaired || !hasRepairs(definition));
    if (isUsable) {
      const history = new History(definition, name, await events.load(name, snapshot.version, consistency), snapshot);
      await withDecisions(ports, history);
      // Otherwise a commit in the table rules this snapshot out: the snapshot is dropped, and the commit stays.
      if (history.holds) return history;
    }
    const { latestStamp } = snapshot;
    await orReportFailure(ports, () => snapshots.drop(name, codeVersion, latestStamp));
  }
  return undefined;
}

/**
 * Stores a snapshot of a history that has become long; the history continues from it. Takes at most `SNAPSHOT_MS`,
 * and never fails.
 */
export async function keepSnapshot(ports: LoadPorts, history: History): Promise<void> {
  const { snapshots, runtime } = ports;
  if (!snapshots) return;
  await orReportFailure(ports, async () => {
    const snapshot = history.takeSnapshot(runtime.now());
    if (snapshot) await snapshots.put(snapshot);
  });
}

/** Snapshots only save time: without them everything else still works. */
async function orReportFailure<T>({ runtime }: LoadPorts, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch {
    runtime.metric('SnapshotFailed', 'Count', 1);
    return undefined;
  }
}

/**
 * Adds to a history what this Region's table has received since it was loaded.
 * @param missing the commits of the table that it may lack
 * @returns false if the history cannot be used any more, because one of them rules out its base: load the stream again
 */
export async function addMissing(ports: LoadPorts, history: History, missing: Iterable<Commit>): Promise<boolean> {
  history.add(missing);
  await withDecisions(ports, history);
  if (!history.holds) return false;
  reportHidden(ports, history);
  return true;
}

/** Versions of a stream to wait for, by their names in the request, which faults have as their paths. */
export type Wanted = Readonly<Record<string, VersionVector | undefined>>;

/**
 * This Region has not seen a version that is asked for. What is known of lost Regions is read again if it is old: a caller that has
 * waited in vain should know whether it is worth while to wait again.
 */
export async function notCaughtUp(ports: LoadPorts, history: History, wanted: VersionVector): Promise<MeridianError> {
  const { placement } = ports;
  const { stream, seen } = history;
  // Without an answer, what was known before counts.
  if (placement && !placement.isFresh) await placement.reread().catch(() => undefined);
  return new MeridianError('not-caught-up', `This Region has not seen that version of ${stream} yet. Retry.`, {
    retryable: true,
    details: {
      seen: encodeVersionToken(stream, seen),
      wanted: encodeVersionToken(stream, wanted),
      ...lostIn(ports, history, wanted),
    },
  });
}

/**
 * Loads a stream once, then what arrives in this Region's table, until this Region has seen all that is wanted.
 * @throws MeridianError `unknown-stream-type`; `validation`: no Region can ever have seen one of the versions; `not-caught-up`
 *   after `waitMs`, with the version this Region has seen
 */
export async function loadAtLeast(
  ports: LoadPorts,
  stream: StreamRef,
  wanted: Wanted = {},
  waitMs = CATCH_UP_MS,
): Promise<History> {
  const versions = Object.entries(wanted).flatMap(([path, version]) => (version ? [{ path, version }] : []));
  const atLeast = versions.map(({ version }) => version).reduce(joinVersions, emptyVersion);
  const retries = new Retries(ports.runtime, waitMs);
  let history = await loadHistory(ports, stream);
  for (;;) {
    if (versionDominates(history.seen, atLeast)) return history;
    for (const { path, version } of versions) checkReachable(portsFor(ports, stream), history, version, path);
    if (!(await retries.pause())) throw await notCaughtUp(ports, history, atLeast);
    const missing = await ports.events.load(stream.name, history.held, ports.consistency);
    if (!(await addMissing(ports, history, missing))) history = await loadHistory(ports, stream);
  }
}

/**
 * Refuses a version that cannot exist: with a position that this Region should have written, or of a log that no Region writes and
 * the stream does not have. A retry would not help.
 */
function checkReachable(ports: LoadPorts, history: History, wanted: VersionVector, path: string) {
  const { region, log: own, logs, consistency } = ports;
  for (const [log, position] of Object.entries(wanted)) {
    const last = history.lastPosition(log);
    if (log === own && position > last && consistency !== 'local')
      throw neverReached(
        path,
        isShared({ log })
          ? `its log ${log} has ${last} positions, not ${position}`
          : `${region} has written ${last} positions of the log ${log}, not ${position}`,
      );
    if (logs && !logs.includes(log) && !history.knows(log))
      throw neverReached(path, `no Region writes the log ${log}; the logs are ${logs.join(', ')}`);
  }
}

function neverReached(path: string, why: string): MeridianError {
  return invalid([{ path, message: `is a version that cannot be reached: ${why}. Read the stream for a current one` }]);
}

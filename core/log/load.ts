import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { currentSchemaVersions } from '../definition/event-version.ts';
import { MeridianError } from '../facts/errors.ts';
import { type Hlc, wallTimeOf } from '../facts/hlc.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, sameVersion, type VersionVector, versionDominates } from '../facts/version.ts';
import { CATCH_UP_MS } from '../limits/budgets.ts';
import type { Decisions } from '../ports/decisions.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { Remote } from '../ports/remote.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { SnapshotStore } from '../ports/snapshot-store.ts';
import { backoff } from '../retry.ts';
import { encodeVersionToken } from '../wire/version-token.ts';
import { readDecision } from './decisions.ts';
import { History } from './history.ts';

export interface LoadPorts {
  readonly domain: Domain;
  /** This one. */
  readonly region: string;
  readonly events: EventStore;
  readonly decisions: Decisions;
  /**
   * The `participant` functions of the other Regions, which tell their decisions.
   * @default a decision that this Region's replica does not show is not asked for
   */
  readonly participants?: Remote;
  readonly runtime: Runtime;
  /** @default none are kept: every stream is loaded whole */
  readonly snapshots?: SnapshotStore;
}

/**
 * A stream as this Region's table has it: from its newest snapshot that serves and what came since, if its type has
 * snapshots, else whole. If that was long, the next load finds a newer snapshot.
 * @throws MeridianError `unknown-stream-type`; `unavailable`
 */
export async function loadHistory(ports: LoadPorts, stream: StreamRef): Promise<History> {
  const history = (await loadFromSnapshot(ports, stream)) ?? (await loadWhole(ports, stream));
  reportHidden(ports, history);
  await keepSnapshot(ports, history);
  return history;
}

/** How many commits are hidden, and since when the oldest waits: an age that grows is a commit that does not come. */
function reportHidden({ runtime }: LoadPorts, { hidden, oldestHidden }: History): void {
  if (oldestHidden === undefined) return;
  runtime.metric('HiddenCommits', 'Count', hidden);
  runtime.metric('HiddenCommitAge', 'Milliseconds', Math.max(0, runtime.now() - wallTimeOf(oldestHidden)));
}

/** All commits of a stream, for what a snapshot does not tell. @throws MeridianError as `loadHistory` */
export async function loadWhole(ports: LoadPorts, { name, type }: StreamRef): Promise<History> {
  const { domain, events } = ports;
  return withDecisions(ports, new History(streamTypeOf(domain, type), name, await events.load(name)));
}

/**
 * Shows what is committed and not final yet. At home a decision is asked for elsewhere too: a committed transaction is
 * seen there at once. One that cannot be read leaves its intent, and what follows it, unseen.
 */
async function withDecisions(ports: LoadPorts, history: History): Promise<History> {
  const attempts = Map.groupBy(history.undecided, ({ commitId }) => commitId);
  await Promise.all(
    attempts.entries().map(async ([attemptId, intents]) => {
      const isHome = intents.some(({ region }) => region === ports.region);
      const decision = await readDecision(ports, attemptId, isHome);
      if (decision) history.decide(decision);
    }),
  );
  return history;
}

async function loadFromSnapshot(ports: LoadPorts, { name, type }: StreamRef): Promise<History | undefined> {
  const { domain, events, snapshots } = ports;
  const definition = streamTypeOf(domain, type);
  if (!snapshots || !definition.snapshots) return undefined;
  const { codeVersion } = definition.snapshots;
  const newest = (before?: Hlc) => orReportFailure(ports, () => snapshots.newest(name, codeVersion, before));
  const known = currentSchemaVersions(definition.events);
  for (let snapshot = await newest(); snapshot; snapshot = await newest(snapshot.latestStamp)) {
    // Code that knows other events folded them otherwise, or folds what is unreadable here.
    if (sameVersion(snapshot.schemaVersions, known)) {
      const history = new History(definition, name, await events.load(name, snapshot.version), snapshot);
      await withDecisions(ports, history);
      // The commit that it does not serve with stays where it is.
      if (history.holds) return history;
    }
    const { latestStamp } = snapshot;
    await orReportFailure(ports, () => snapshots.drop(name, codeVersion, latestStamp));
  }
  return undefined;
}

/** Keeps a snapshot of a history that has become long, which then goes on from it. Takes `SNAPSHOT_MS` at most, and never fails. */
export async function keepSnapshot(ports: LoadPorts, history: History): Promise<void> {
  const { snapshots, runtime } = ports;
  if (!snapshots) return;
  await orReportFailure(ports, async () => {
    const snapshot = history.takeSnapshot(runtime.now());
    if (snapshot) await snapshots.put(snapshot);
  });
}

/** Snapshots save time; without them everything else goes on. */
async function orReportFailure<T>({ runtime }: LoadPorts, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch {
    runtime.metric('SnapshotFailed', 'Count', 1);
    return undefined;
  }
}

/**
 * Loads a stream, again and again until this Region has seen `atLeast`.
 * @throws MeridianError `unknown-stream-type`; `not-caught-up` after {@link CATCH_UP_MS}, with how far this Region is
 */
export async function loadAtLeast(
  ports: LoadPorts,
  stream: StreamRef,
  atLeast: VersionVector = emptyVersion,
): Promise<History> {
  const { runtime } = ports;
  const deadline = runtime.elapsed() + CATCH_UP_MS;
  for (let tries = 0; ; tries++) {
    const history = await loadHistory(ports, stream);
    if (versionDominates(history.seen, atLeast)) return history;
    const wait = backoff(runtime, tries);
    if (runtime.elapsed() + wait > deadline)
      throw new MeridianError(
        'not-caught-up',
        `This Region has not seen that version of ${stream.name} yet: try again.`,
        {
          retryable: true,
          details: {
            seen: encodeVersionToken(stream.name, history.seen),
            wanted: encodeVersionToken(stream.name, atLeast),
          },
        },
      );
    await runtime.sleep(wait);
  }
}

// What a snapshot contains, and when to take one.

import type { Mode } from '../definition/conflicts.ts';
import { currentSchemaVersions } from '../definition/event-version.ts';
import type { Snapshots } from '../definition/snapshots.ts';
import { hasRepairs, type StreamDefinition } from '../definition/stream.ts';
import { type Commit, foldOrder, writtenAt } from '../facts/commit.ts';
import type { KnownCopy, Snapshot } from '../facts/snapshot.ts';
import { advanceVersion, emptyVersion, meetVersions, versionCovers, versionDominates } from '../facts/version.ts';
import { IDEMPOTENCY_WINDOW_MS, SNAPSHOT_SETTLE_MS } from '../limits/budgets.ts';
import { Fold } from './fold.ts';
import type { LogPositions } from './log-positions.ts';
import type { Pins } from './pins.ts';
import type { Seals } from './seals.ts';
import type { SeenSet } from './seen-set.ts';

/** A snapshot keeps ids for this long after the idempotency window, because clocks may be behind. */
const CLOCK_MARGIN_MS = 24 * 60 * 60 * 1000;
/** The next snapshot waits for one commit per this many ids, so that ids are not rewritten too often. */
const IDS_PER_COMMIT = 10;

/** The oldest seen commits that a snapshot may include, in fold order. */
interface Settled {
  readonly commits: readonly Commit[];
  readonly last: Commit;
}

/** The number of commits after which to take the next snapshot. */
export function commitsForSnapshot({ every }: Snapshots, base: Snapshot | undefined): number {
  return Math.max(every, Math.ceil((base?.ids.size ?? 0) / IDS_PER_COMMIT));
}

/**
 * The wall time after which commits are left out of a snapshot, because other Regions may write without having seen
 * them.
 */
export function settledUntil(
  mode: Mode,
  { settle = mode === 'merge' ? SNAPSHOT_SETTLE_MS : 0 }: Snapshots,
  now: number,
): number {
  // Without a settle time there is no limit, because stamps may be ahead of the clock.
  return settle > 0 ? now - settle : Number.POSITIVE_INFINITY;
}

interface PrefixLimits {
  /** Minimum length; if the prefix is shorter, there is none. */
  readonly least: number;
  /** A commit that is not included, nor any that is folded later. */
  readonly before?: Commit | undefined;
}

/**
 * The longest prefix of the seen commits that every other commit here, seen or hidden, has seen.
 * @param until wall time: commits written later are not included
 */
export function settledCommits(seen: SeenSet, until: number, { least, before }: PrefixLimits): Settled | undefined {
  let knownToOthers = seen
    .hidden()
    .map(({ context }) => context)
    .reduce(meetVersions, seen.version);
  let version = seen.version;
  let count = seen.commits.length;
  for (const last of seen.commits.slice(least - 1).reverse()) {
    const isWithin = writtenAt(last) <= until && (before === undefined || foldOrder(last, before) < 0);
    if (isWithin && versionDominates(knownToOthers, version)) return { commits: seen.commits.slice(0, count), last };
    knownToOthers = meetVersions(knownToOthers, last.context);
    version = { ...version, [last.log]: last.position - 1 };
    count--;
  }
  return undefined;
}

/** The input of a snapshot: the previous one, and the commits to add. */
interface SnapshotParts {
  readonly stream: string;
  readonly definition: StreamDefinition;
  readonly snapshots: Snapshots;
  readonly base: Snapshot | undefined;
  readonly logs: LogPositions;
  readonly seals: Seals;
  readonly pins: Pins;
  readonly settled: Settled;
  /** Wall clock. */
  readonly now: number;
}

/** @throws MeridianError `unreadable-event`; what `evolve` throws */
export function snapshotOf({
  stream,
  definition,
  snapshots,
  base,
  logs,
  seals,
  pins,
  settled,
  now,
}: SnapshotParts): Snapshot {
  const { commits, last } = settled;
  const fold = new Fold(definition, base);
  const versionOf = logs.versionsInOrder();
  const copies = commits.map((commit): KnownCopy => {
    const { commitId, log, position, hlc, wallTime, fingerprint, digest } = commit;
    return {
      commitId,
      log,
      position,
      hlc,
      ...(wallTime !== undefined && { wallTime }),
      fingerprint,
      ...(digest !== undefined && { digest }),
      countsAs: fold.apply(commit),
      version: versionOf(commit),
    };
  });
  const version = commits.reduce(advanceVersion, base?.version ?? emptyVersion);
  const sealed = seals.allIn(version);
  const pin = pins.newest((each) => versionCovers(version, each));
  // The smaller of two clocks: one that is ahead must not drop ids early.
  const since = Math.min(now, writtenAt(last)) - IDEMPOTENCY_WINDOW_MS - CLOCK_MARGIN_MS;
  const known = [...(base?.ids.values() ?? []), copies].flat().filter((copy) => writtenAt(copy) >= since);
  return {
    stream,
    codeVersion: snapshots.codeVersion,
    schemaVersions: currentSchemaVersions(definition.events),
    version,
    latestStamp: last.hlc,
    withEvents: Object.fromEntries(Object.entries(version).map(([log, at]) => [log, logs.lastWithEvents(log, at)])),
    state: fold.state,
    idsSince: Math.max(since, base?.idsSince ?? 0),
    ...(sealed.length > 0 && { seals: sealed }),
    ...(pin && { pin }),
    ids: Map.groupBy(known, ({ commitId }) => commitId),
    ...(hasRepairs(definition) && { repaired: true }),
  };
}

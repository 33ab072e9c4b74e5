import { unreadableIn } from '../definition/event-version.ts';
import { hasRepairs, type StreamDefinition } from '../definition/stream.ts';
import { type Commit, isVisible, type Stamped, writtenAt } from '../facts/commit.ts';
import type { Conflict } from '../facts/conflict.ts';
import type { Decision } from '../facts/decision.ts';
import type { MeridianError } from '../facts/errors.ts';
import { type Hlc, wallTimeOf } from '../facts/hlc.ts';
import type { PinAt, PinKey } from '../facts/pin.ts';
import type { SealAt } from '../facts/placement.ts';
import type { KnownCopy, Snapshot } from '../facts/snapshot.ts';
import { positionIn, sameVersion, type VersionVector, versionCovers, versionDominates } from '../facts/version.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../limits/budgets.ts';
import { type ConflictsAsked, conflictsIn } from './conflicts.ts';
import { FoldCache } from './fold-cache.ts';
import { heapBytes } from './heap-bytes.ts';
import { KnownIds } from './known-ids.ts';
import { LogPositions } from './log-positions.ts';
import { type OpenIntent, OpenIntents } from './open-intents.ts';
import { Pins } from './pins.ts';
import { Seals } from './seals.ts';
import { SeenSet } from './seen-set.ts';
import { commitsForSnapshot, settledCommits, settledUntil, snapshotOf } from './take-snapshot.ts';

/** The part of a stream loaded on top of a base snapshot. */
interface Held {
  readonly base: Snapshot | undefined;
  readonly logs: LogPositions;
  readonly seen: SeenSet;
  readonly seals: Seals;
  readonly pins: Pins;
  readonly intents: OpenIntents;
  /** The last intent of each attempt, in any state. */
  readonly attempts: Map<string, Commit>;
  readonly ids: KnownIds;
  readonly fold: FoldCache;
}

function holdFrom(definition: StreamDefinition, base: Snapshot | undefined): Held {
  const logs = new LogPositions(base);
  return {
    base,
    logs,
    seen: new SeenSet(logs, base?.version),
    seals: new Seals(base?.seals),
    pins: new Pins(base?.pin),
    intents: new OpenIntents(),
    attempts: new Map(),
    ids: new KnownIds(base),
    fold: new FoldCache(definition, base),
  };
}

/**
 * One Region's copy of a stream: takes commits in any order, and computes the seen set, the state and the context of
 * the next commit. With a snapshot as its base it contains only the commits after that.
 */
export class History {
  readonly stream: string;
  readonly #definition: StreamDefinition;
  #held: Held;
  #latestStamp: Hlc | undefined;
  #unreadable: MeridianError | undefined;
  #holds = true;
  #baseBytes: number | undefined;
  /** Number of commits when a snapshot last could not be taken. */
  #tried = 0;

  constructor(definition: StreamDefinition, stream: string, commits: Iterable<Commit> = [], base?: Snapshot) {
    this.#definition = definition;
    this.stream = stream;
    this.#held = holdFrom(definition, base);
    this.#latestStamp = base?.latestStamp;
    this.add(commits);
  }

  /** Adds commits; known ones are ignored. */
  add(commits: Iterable<Commit>): void {
    for (const commit of commits) this.#keep(commit);
    this.#see();
  }

  #keep(commit: Commit): void {
    const { logs, intents, attempts } = this.#held;
    if (logs.isInBase(commit)) return;
    if (commit.tx) attempts.set(commit.commitId, commit);
    if (commit.tx?.state === 'prepared') {
      if (!logs.has(commit)) intents.add(commit);
      this.#noteStamp(commit);
      return;
    }
    intents.remove(commit);
    if (!logs.has(commit)) this.#keepDecided(commit);
  }

  /** An aborted intent is an empty position: it is not a copy of any commit, and is not folded. */
  #keepDecided(commit: Commit): void {
    const { base, logs, ids, seals, pins } = this.#held;
    const visible = isVisible(commit);
    logs.put(visible ? commit : { ...commit, events: [] });
    this.#noteStamp(commit);
    if (!visible) return;
    if (base && !follows(base, commit)) this.#holds = false;
    this.#unreadable ??= unreadableIn(this.#definition.events, commit);
    ids.add(commit);
    seals.add(commit);
    pins.add(commit);
  }

  #noteStamp({ hlc }: Commit): void {
    if (this.#latestStamp === undefined || hlc > this.#latestStamp) this.#latestStamp = hlc;
  }

  /** Makes the outcome of an attempt visible to readers before its intents are final. */
  decide(decision: Decision): void {
    for (const commit of this.#held.intents.decide(decision)) this.#keepDecided(commit);
    this.#see();
  }

  #see(): void {
    const { seen, fold } = this.#held;
    fold.keepFirst(seen.extend());
  }

  /**
   * True if the base is usable: every other commit has a higher stamp and a context that covers it. If false, discard
   * this history and load the stream again.
   */
  get holds(): boolean {
    return this.#holds;
  }

  /** True if the commits after this version are available individually, none of them only in the base. */
  reaches(version: VersionVector): boolean {
    return this.#held.logs.reaches(version);
  }

  /** The seen set: the largest causally closed version whose commits are all present. */
  get seen(): VersionVector {
    return this.#held.seen.version;
  }

  /** The highest stamp present, hidden commits included; undefined if there is none. */
  get latestStamp(): Hlc | undefined {
    return this.#latestStamp;
  }

  /**
   * Why no append is possible, `unreadable-event`: a commit, seen or hidden, has an event that only newer code knows.
   */
  get unreadable(): MeridianError | undefined {
    return this.#unreadable;
  }

  /** Number of commits present but not seen, because a dependency of theirs is missing. */
  get hidden(): number {
    return this.#held.seen.hidden().reduce((sum) => sum + 1, 0);
  }

  /** The lowest stamp of a hidden commit; undefined if there is none. */
  get oldestHidden(): Hlc | undefined {
    return this.#held.seen.oldestHidden;
  }

  /**
   * The seen commits that reuse an id with different content. They are ignored, and have to be reported. Those in the
   * base are included only within the idempotency window.
   */
  get reused(): readonly Stamped[] {
    return this.#folded.reused;
  }

  /** Number of commits that are present individually and seen. */
  get count(): number {
    return this.#held.seen.commits.length;
  }

  /** An estimate of the memory that this history takes, its state included. Cheap: each commit is measured once. */
  get bytes(): number {
    this.#baseBytes ??= baseBytes(this.#held.base);
    return HISTORY_BYTES + this.#baseBytes + this.#held.logs.bytes;
  }

  /**
   * What need not be read again: per log, the last decided position without a gap before it. Intents that are not decided, and what
   * follows a gap, are not included.
   */
  get held(): VersionVector {
    const { logs, seen } = this.#held;
    return logs.held(seen.version);
  }

  hasOtherLogsThan(own: string): boolean {
    return this.#held.logs.hasOthersThan(own);
  }

  /** The state at the seen set. @throws MeridianError `unreadable-event`, retryable */
  get state(): unknown {
    return this.#folded.state;
  }

  get #folded() {
    const { seen, fold } = this.#held;
    return fold.of(seen.commits);
  }

  /** The state at a version that the seen set covers and that this history reaches. */
  stateAt(version: VersionVector): unknown {
    const { seen, fold } = this.#held;
    if (sameVersion(version, seen.version)) return this.state;
    return fold.apart(seen.upTo(version)).state;
  }

  /**
   * True if all commits written after a time are available individually, none of them only in the base: no commit is written
   * later, by its writer's clock, than its stamp says.
   */
  reachesTime(time: number): boolean {
    const { base } = this.#held;
    return base === undefined || wallTimeOf(base.latestStamp) <= time;
  }

  /**
   * The version of the largest causally closed part of the seen set whose commits were all written at or before a time
   * that this history reaches, by their writers' clocks.
   */
  writtenBy(time: number): VersionVector {
    return this.#held.seen.writtenBy(time);
  }

  /**
   * The conflicts of the seen commits, in fold order. Of a history that has a base, those in the base are missing.
   * @throws MeridianError `unreadable-event`, retryable
   */
  conflicts(of: ConflictsAsked): readonly Conflict[] {
    return conflictsIn(this.#definition, this.#held.seen.commits, of, this.#held.base);
  }

  /**
   * The conflicts that no repair that counts has covered, in fold order. None of a base waits: a snapshot is not taken over one.
   * @throws MeridianError `unreadable-event`, retryable
   */
  get waiting(): readonly Conflict[] {
    return hasRepairs(this.#definition) ? this.conflicts({ limit: ALL }).filter(({ waits }) => waits) : [];
  }

  /** The seen commits not covered by `version`, which this history reaches, in fold order. */
  since(version: VersionVector): readonly Commit[] {
    return this.#held.seen.since(version);
  }

  /** True if `version` lacks a seen commit that has events. */
  hasEventsSince(version: VersionVector): boolean {
    const { logs, seen } = this.#held;
    return Object.entries(seen.version).some(([log, at]) => logs.lastWithEvents(log, at) > positionIn(version, log));
  }

  /**
   * The commit, seen or hidden, that an append with this id would repeat now: one of the same request if there is one,
   * otherwise the last.
   * @param repeats true for a commit of the same request
   */
  find(
    commitId: string,
    fingerprint: string,
    now: number,
    repeats = (known: Commit | KnownCopy) => known.fingerprint === fingerprint,
  ): Commit | KnownCopy | undefined {
    return this.#held.ids.find(commitId, repeats, now);
  }

  /** The last position of a log without a gap before it. Only the log's owner may build on it. */
  lastPosition(log: string): number {
    return this.lastDecidedPosition(log) + this.undecided.filter((intent) => intent.log === log).length;
  }

  /** Like `lastPosition`, without the undecided intents at the end. */
  lastDecidedPosition(log: string): number {
    return this.#held.logs.last(log);
  }

  /** True if a commit here, seen or hidden, is in the log or depends on it. */
  knows(log: string): boolean {
    return this.lastPosition(log) > 0 || this.#held.seen.hidden().some(({ context }) => positionIn(context, log) > 0);
  }

  /** The commit at the last decided position of a log; undefined if there is none, or only the base includes it. */
  lastOf(log: string): Commit | undefined {
    return this.#held.logs.at(log, this.lastDecidedPosition(log));
  }

  /** The last position of a log that has events; 0 if there is none. */
  lastPositionWithEvents(log: string): number {
    return this.#held.logs.lastWithEvents(log, this.lastPosition(log));
  }

  /**
   * The newest seal here of the logs of a Region, seen or hidden; undefined if there is none.
   * @param pin names the home of the stream for whose entries it is. @default the home by its id
   */
  lastSealOf(region: string, pin?: PinKey): SealAt | undefined {
    return this.#held.seals.newest(region, pin);
  }

  /** Like `lastSealOf`, of those that are seen: all that the Region wrote before is seen too. */
  seenSealOf(region: string, pin?: PinKey): SealAt | undefined {
    return this.#held.seals.newest(region, pin, this.seen);
  }

  /**
   * The newest pin of those that are seen, and those that a Region put itself, even if they are hidden from it: a Region never writes
   * as if it had not moved the home away. Undefined if the stream's home is that by its id.
   */
  pinFor(region: string): PinAt | undefined {
    const { seen, pins } = this.#held;
    return pins.newest((pin) => pin.key.by === region || versionCovers(seen.version, pin));
  }

  /** The intents that were prepared when they were read: nothing may be appended after them until they are final. */
  get intents(): readonly OpenIntent[] {
    return this.#held.intents.all;
  }

  /** The intents without a decision known here. */
  get undecided(): readonly Commit[] {
    return this.#held.intents.undecided;
  }

  /**
   * The intent of an attempt, prepared, committed or aborted; undefined if there is none, or it is only in the base.
   */
  intentOf(attemptId: string): Commit | undefined {
    return this.#held.attempts.get(attemptId);
  }

  /** The least causally closed version that covers a commit of this history. */
  versionOf(commit: Commit | KnownCopy): VersionVector {
    return this.#held.logs.versionOf(commit);
  }

  /**
   * Takes a snapshot, if the stream type uses them and enough commits have arrived since the last one, then continues
   * from it and drops the commits it includes. It includes only what every other commit here has seen, so it lags a
   * little where Regions write concurrently, and no conflict that waits for a repair, so that a repair finds all that do.
   * @param now wall clock: commits younger than the type's `settle` are left out
   */
  takeSnapshot(now: number): Snapshot | undefined {
    const { base, logs, seen, seals, pins } = this.#held;
    const { mode, snapshots } = this.#definition;
    if (!snapshots || this.#unreadable || !this.#holds) return undefined;
    const due = commitsForSnapshot(snapshots, base);
    // An intent that is not final would be missed by a load from a snapshot that covers it.
    if (seen.commits.length - this.#tried < due || this.intents.length > 0) return undefined;
    const until = settledUntil(mode, snapshots, now);
    const most = settledCommits(seen, until, { least: due });
    const before = most && this.waiting[0]?.commit;
    const settled = before ? settledCommits(seen, until, { least: due, before }) : most;
    if (!settled) return undefined;
    this.#tried = seen.commits.length;
    const { stream } = this;
    const definition = this.#definition;
    const snapshot = snapshotOf({ stream, definition, snapshots, base, logs, seals, pins, settled, now });
    this.#tried = 0;
    this.#held = holdFrom(this.#definition, snapshot);
    this.#baseBytes = undefined;
    this.#latestStamp = snapshot.latestStamp;
    this.add([...logs.behind(snapshot.version)]);
    return snapshot;
  }
}

const ALL = Number.POSITIVE_INFINITY;
/** The memory of an empty history. */
const HISTORY_BYTES = 4_000;
/** The memory of an id in a snapshot. */
const ID_BYTES = 800;

function baseBytes(base: Snapshot | undefined): number {
  // The state that continues from the snapshot's takes as much again.
  return base ? 2 * heapBytes(base.state) + ID_BYTES * base.ids.size : 0;
}

/** True if a commit may follow a snapshot, which has every id that the commit may be a copy of. */
function follows({ latestStamp, version, idsSince = 0 }: Snapshot, commit: Commit): boolean {
  const { hlc, context } = commit;
  const hasItsIds = writtenAt(commit) - IDEMPOTENCY_WINDOW_MS >= idsSince;
  return hlc > latestStamp && versionDominates(context, version) && hasItsIds;
}

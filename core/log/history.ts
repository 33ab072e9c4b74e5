import { unreadableIn } from '../definition/event-version.ts';
import type { StreamDefinition } from '../definition/stream.ts';
import { type Commit, isVisible, type Stamped } from '../facts/commit.ts';
import type { Decision } from '../facts/decision.ts';
import type { MeridianError } from '../facts/errors.ts';
import type { Hlc } from '../facts/hlc.ts';
import type { KnownCopy, Snapshot } from '../facts/snapshot.ts';
import { positionIn, sameVersion, type VersionVector, versionDominates } from '../facts/version.ts';
import { FoldCache } from './fold-cache.ts';
import { KnownIds } from './known-ids.ts';
import { LogPositions } from './log-positions.ts';
import { type OpenIntent, OpenIntents } from './open-intents.ts';
import { SeenSet } from './seen-set.ts';
import { commitsForSnapshot, settledCommits, settledUntil, snapshotOf } from './take-snapshot.ts';

/** What is held behind a base. */
interface Held {
  readonly base: Snapshot | undefined;
  readonly logs: LogPositions;
  readonly seen: SeenSet;
  readonly intents: OpenIntents;
  /** The last intent of each attempt, whatever became of it. */
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
    intents: new OpenIntents(),
    attempts: new Map(),
    ids: new KnownIds(base),
    fold: new FoldCache(definition, base),
  };
}

/**
 * What one Region holds of one stream: commits in any order in, and out of them the seen set, the state and the context
 * of the next commit. With a snapshot as its base it holds the commits behind that only.
 */
export class History {
  readonly stream: string;
  readonly #definition: StreamDefinition;
  #held: Held;
  #latestStamp: Hlc | undefined;
  #unreadable: MeridianError | undefined;
  #holds = true;
  /** How many commits there were when a snapshot could not be taken. */
  #tried = 0;

  constructor(definition: StreamDefinition, stream: string, commits: Iterable<Commit> = [], base?: Snapshot) {
    this.#definition = definition;
    this.stream = stream;
    this.#held = holdFrom(definition, base);
    this.#latestStamp = base?.latestStamp;
    this.add(commits);
  }

  /** Takes commits in; those it has already make no difference. */
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

  /** An aborted intent is an empty position: it is nobody's copy, and nothing is folded of it. */
  #keepDecided(commit: Commit): void {
    const { base, logs, ids } = this.#held;
    const visible = isVisible(commit);
    logs.put(visible ? commit : { ...commit, events: [] });
    this.#noteStamp(commit);
    if (!visible) return;
    if (base && !follows(base, commit)) this.#holds = false;
    this.#unreadable ??= unreadableIn(this.#definition.events, commit);
    ids.add(commit);
  }

  #noteStamp({ hlc }: Commit): void {
    if (this.#latestStamp === undefined || hlc > this.#latestStamp) this.#latestStamp = hlc;
  }

  /** Lets readers see what became of an attempt, before its intents are final. */
  decide(decision: Decision): void {
    for (const commit of this.#held.intents.decide(decision)) this.#keepDecided(commit);
    this.#see();
  }

  #see(): void {
    const { seen, fold } = this.#held;
    fold.keepFirst(seen.extend());
  }

  /**
   * Whether the base serves: every other commit here has a higher stamp and a context that covers it. If not, nothing here
   * is to be used: load the stream again.
   */
  get holds(): boolean {
    return this.#holds;
  }

  /** Whether what lies behind this version is here as commits, none of it only in the base. */
  reaches(version: VersionVector): boolean {
    return this.#held.logs.reaches(version);
  }

  /** The seen set: the largest causally closed version of which every commit is here. */
  get seen(): VersionVector {
    return this.#held.seen.version;
  }

  /** The highest stamp here, of hidden commits too; undefined when there is none. */
  get latestStamp(): Hlc | undefined {
    return this.#latestStamp;
  }

  /** Why nothing can be appended here, `unreadable-event`: only newer code knows an event of a commit, seen or hidden. */
  get unreadable(): MeridianError | undefined {
    return this.#unreadable;
  }

  /** Commits that are here and not seen, because something that they depend on is missing. */
  get hidden(): number {
    return this.#held.seen.hidden().reduce((sum) => sum + 1, 0);
  }

  /** The lowest stamp of a hidden commit; undefined when there is none. */
  get oldestHidden(): Hlc | undefined {
    return this.#held.seen.oldestHidden;
  }

  /**
   * The seen commits whose id was used before with other content: ignored, and worth a report. Of those in the base the
   * ones of the idempotency window.
   */
  get reused(): readonly Stamped[] {
    return this.#folded.reused;
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

  /** The state at a version that the seen set covers, and that this history reaches. */
  stateAt(version: VersionVector): unknown {
    const { seen, fold } = this.#held;
    if (sameVersion(version, seen.version)) return this.state;
    return fold.apart(seen.upTo(version)).state;
  }

  /** The seen commits that `version`, which this history reaches, does not cover, in fold order. */
  since(version: VersionVector): readonly Commit[] {
    return this.#held.seen.since(version);
  }

  /** Whether `version` lacks a seen commit that has events. */
  hasEventsSince(version: VersionVector): boolean {
    const { logs, seen } = this.#held;
    return Object.entries(seen.version).some(([log, at]) => logs.lastWithEvents(log, at) > positionIn(version, log));
  }

  /**
   * A commit, seen or hidden, that an append with this id made now would be a copy of: one of the same operation if there
   * is one, else the last.
   */
  find(commitId: string, fingerprint: string, now: number): Commit | KnownCopy | undefined {
    return this.#held.ids.find(commitId, fingerprint, now);
  }

  /** The last position of a log without a hole before it. Only the log's owner may build on it. */
  lastPosition(log: string): number {
    return this.lastDecidedPosition(log) + this.undecided.filter((intent) => intent.log === log).length;
  }

  /** The same without the undecided intents at its end. */
  lastDecidedPosition(log: string): number {
    return this.#held.logs.last(log);
  }

  /** The last position of a log that has events, 0 if there is none. */
  lastPositionWithEvents(log: string): number {
    return this.#held.logs.lastWithEvents(log, this.lastPosition(log));
  }

  /** The intents that were prepared when they were read: nothing is appended behind them before they are final. */
  get intents(): readonly OpenIntent[] {
    return this.#held.intents.all;
  }

  /** Those of which nothing here says what became of them. */
  get undecided(): readonly Commit[] {
    return this.#held.intents.undecided;
  }

  /** The intent of an attempt, prepared, committed or aborted; undefined where there is none, or only in the base. */
  intentOf(attemptId: string): Commit | undefined {
    return this.#held.attempts.get(attemptId);
  }

  /** The least causally closed version that covers a commit of this history. */
  versionOf(commit: Commit | KnownCopy): VersionVector {
    return this.#held.logs.versionOf(commit);
  }

  /**
   * Takes a snapshot, if its stream type wants them and so many commits have come since the last one, and goes on from
   * it: the commits in it are forgotten here. It holds what every other commit here has seen; so it is a little behind
   * where Regions write at once.
   * @param now wall clock: what is younger than the type's `settle` stays out
   */
  takeSnapshot(now: number): Snapshot | undefined {
    const { base, logs, seen } = this.#held;
    const { mode, snapshots } = this.#definition;
    if (!snapshots || this.#unreadable || !this.#holds) return undefined;
    const due = commitsForSnapshot(snapshots, base);
    // Loaded from a snapshot that covered it, an intent that is not final would be missed.
    if (seen.commits.length - this.#tried < due || this.intents.length > 0) return undefined;
    const settled = settledCommits(seen, settledUntil(mode, snapshots, now), due);
    if (!settled) return undefined;
    this.#tried = seen.commits.length;
    const { stream } = this;
    const snapshot = snapshotOf({ stream, definition: this.#definition, snapshots, base, logs, settled });
    this.#tried = 0;
    this.#held = holdFrom(this.#definition, snapshot);
    this.#latestStamp = snapshot.latestStamp;
    this.add([...logs.behind(snapshot.version)]);
    return snapshot;
  }
}

/** May a commit come behind a snapshot? */
function follows({ latestStamp, version }: Snapshot, { hlc, context }: Commit): boolean {
  return hlc > latestStamp && versionDominates(context, version);
}

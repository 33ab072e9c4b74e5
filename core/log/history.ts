import { currentSchemaVersions, unreadableIn } from '../definition/event-version.ts';
import type { StreamDefinition } from '../definition/stream.ts';
import { type Commit, foldOrder, isVisible, type Stamped } from '../facts/commit.ts';
import { attemptIdOf, type Decision, type FinalState, finalOf, stateIn } from '../facts/decision.ts';
import type { MeridianError } from '../facts/errors.ts';
import { type Hlc, wallTimeOf } from '../facts/hlc.ts';
import type { KnownCopy, Snapshot } from '../facts/snapshot.ts';
import {
  advanceVersion,
  covers,
  type Dot,
  dominates,
  emptyVersion,
  joinVersions,
  meetVersions,
  positionIn,
  sameVersion,
  type VersionVector,
} from '../facts/version.ts';
import { Fold, IDEMPOTENCY_WINDOW } from './fold.ts';

/** By so much longer than the idempotency window a snapshot keeps ids, for clocks that are behind its stamps: a day. */
const CLOCK_MARGIN_MS = 24 * 60 * 60 * 1000;
/** Within this time another Region has usually got a commit of a `merge` stream, and builds on it: a minute. */
const SETTLE_MS = 60_000;
/** A snapshot waits for a tenth as many commits as it has ids, so that ids are not written over and over. */
const IDS_PER_COMMIT = 10;

/** An intent that was prepared when it was read, and what became of it if that is known since. */
export interface OpenIntent {
  readonly intent: Commit;
  readonly state?: FinalState;
}

/**
 * What one Region holds of one stream: commits in any order in, and out of them the seen set, the state and the context
 * of the next commit. With a snapshot as its base it holds the commits behind that only.
 */
export class History {
  readonly stream: string;
  readonly #definition: StreamDefinition;
  /** Per log by position; holes are positions that have not arrived. */
  readonly #logs = new Map<string, Map<number, Commit>>();
  /** Intents that were prepared when they were read, by log and position; decided here, they are in `#logs` too. */
  readonly #intents = new Map<string, OpenIntent>();
  /** The last intent of each attempt, whatever became of it. */
  readonly #attempts = new Map<string, Commit>();
  readonly #byId = new Map<string, Commit[]>();
  /** The seen commits in fold order. */
  readonly #seenCommits: Commit[] = [];
  #seen: VersionVector = emptyVersion;
  #latestStamp: Hlc | undefined;
  #unreadable: MeridianError | undefined;
  #fold: { readonly fold: Fold; readonly count: number } | undefined;
  #base: Snapshot | undefined;
  #holds = true;
  /** How many commits there were when a snapshot could not be taken. */
  #tried = 0;

  constructor(definition: StreamDefinition, stream: string, commits: Iterable<Commit> = [], base?: Snapshot) {
    this.#definition = definition;
    this.stream = stream;
    this.#startFrom(base, commits);
  }

  #startFrom(base: Snapshot | undefined, commits: Iterable<Commit>): void {
    this.#logs.clear();
    this.#intents.clear();
    this.#attempts.clear();
    this.#byId.clear();
    this.#seenCommits.length = 0;
    this.#base = base;
    this.#seen = base?.version ?? emptyVersion;
    this.#latestStamp = base?.latestStamp;
    this.#fold = undefined;
    this.add(commits);
  }

  /** Takes commits in; those it has already make no difference. */
  add(commits: Iterable<Commit>): void {
    for (const commit of commits) this.#keep(commit);
    this.#see();
  }

  #keep(commit: Commit): void {
    const log = this.#logs.get(commit.log) ?? new Map<number, Commit>();
    if (covers(this.#base?.version ?? emptyVersion, commit)) return;
    if (commit.tx) this.#attempts.set(commit.commitId, commit);
    if (commit.tx?.state === 'prepared') {
      if (!log.has(commit.position)) this.#intents.set(placeOf(commit), { intent: commit });
      this.#noteStamp(commit);
      return;
    }
    this.#intents.delete(placeOf(commit));
    if (log.has(commit.position)) return;
    this.#decided(commit, log);
  }

  /** An aborted intent is an empty position: it is nobody's copy, and nothing is folded of it. */
  #decided(commit: Commit, log: Map<number, Commit>): void {
    const visible = isVisible(commit);
    if (visible && this.#base && !follows(this.#base, commit)) this.#holds = false;
    if (visible) this.#unreadable ??= unreadableIn(this.#definition.events, commit);
    this.#logs.set(commit.log, log.set(commit.position, visible ? commit : { ...commit, events: [] }));
    this.#noteStamp(commit);
    if (!visible) return;
    const copies = this.#byId.get(commit.commitId);
    if (copies) copies.push(commit);
    else this.#byId.set(commit.commitId, [commit]);
  }

  #noteStamp({ hlc }: Commit): void {
    if (this.#latestStamp === undefined || hlc > this.#latestStamp) this.#latestStamp = hlc;
  }

  /** Lets readers see what became of an attempt, before its intents are final. */
  decide(decision: Decision): void {
    for (const [place, { intent, state: known }] of this.#intents) {
      if (known || intent.commitId !== attemptIdOf(decision)) continue;
      const state = stateIn(decision, intent);
      this.#intents.set(place, { intent, state });
      this.#decided(finalOf(intent, state), this.#logs.get(intent.log) ?? new Map<number, Commit>());
    }
    this.#see();
  }

  /** Extends the seen set as far as it goes: each log's next commit, once what it depends on is seen. */
  #see(): void {
    let before: VersionVector;
    do {
      before = this.#seen;
      for (const [log, commits] of this.#logs)
        for (;;) {
          const next = commits.get(positionIn(this.#seen, log) + 1);
          if (!next || !dominates(this.#seen, next.context)) break;
          this.#seen = advanceVersion(this.#seen, next);
          this.#insert(next);
        }
    } while (before !== this.#seen);
  }

  #insert(commit: Commit): void {
    if (!isVisible(commit)) return;
    const at = this.#seenCommits.findLastIndex((seen) => foldOrder(seen, commit) < 0) + 1;
    this.#seenCommits.splice(at, 0, commit);
    if (this.#fold && at < this.#fold.count) this.#fold = undefined;
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
    return dominates(version, this.#base?.version ?? emptyVersion);
  }

  /** The seen set: the largest causally closed version of which every commit is here. */
  get seen(): VersionVector {
    return this.#seen;
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
    return this.#hiddenCommits().reduce((sum) => sum + 1, 0);
  }

  /** The lowest stamp of a hidden commit; undefined when there is none. */
  get oldestHidden(): Hlc | undefined {
    return this.#hiddenCommits()
      .map(({ hlc }) => hlc)
      .reduce<Hlc | undefined>((oldest, hlc) => (oldest !== undefined && oldest < hlc ? oldest : hlc), undefined);
  }

  #hiddenCommits(): IteratorObject<Commit> {
    return this.#logs.values().flatMap((log) => log.values().filter((commit) => !covers(this.#seen, commit)));
  }

  /**
   * The seen commits whose id was used before with other content: ignored, and worth a report. Of those in the base the
   * ones of the idempotency window.
   */
  get reused(): readonly Stamped[] {
    return this.#folded().reused;
  }

  hasOtherLogsThan(own: string): boolean {
    return [...this.#logs.keys(), ...Object.keys(this.#base?.version ?? emptyVersion)].some((log) => log !== own);
  }

  /** The state at the seen set. @throws MeridianError `unreadable-event`, retryable */
  get state(): unknown {
    return this.#folded().state;
  }

  /** The state at a version that the seen set covers, and that this history reaches. */
  stateAt(version: VersionVector): unknown {
    if (sameVersion(version, this.#seen)) return this.state;
    return this.#foldOf(this.#seenCommits.filter((commit) => covers(version, commit))).state;
  }

  #foldOf(commits: readonly Commit[]): Fold {
    const fold = new Fold(this.#definition, this.#base);
    for (const commit of commits) fold.apply(commit);
    return fold;
  }

  #folded(): Fold {
    const { fold, count } = this.#fold ?? { fold: this.#foldOf([]), count: 0 };
    for (const commit of this.#seenCommits.slice(count)) fold.apply(commit);
    this.#fold = { fold, count: this.#seenCommits.length };
    return fold;
  }

  /** The seen commits that `version`, which this history reaches, does not cover, in fold order. */
  since(version: VersionVector): readonly Commit[] {
    return this.#seenCommits.filter((commit) => !covers(version, commit));
  }

  /** Whether `version` lacks a seen commit that has events. */
  hasEventsSince(version: VersionVector): boolean {
    return Object.entries(this.#seen).some(([log, seen]) => this.#lastWithEvents(log, seen) > positionIn(version, log));
  }

  /**
   * A commit, seen or hidden, that an append with this id made now would be a copy of: one of the same request if there
   * is one, else the last.
   */
  find(commitId: string, fingerprint: string, now: number): Commit | KnownCopy | undefined {
    const copies = [...(this.#base?.ids.get(commitId) ?? []), ...(this.#byId.get(commitId) ?? [])]
      .filter(({ hlc }) => now - wallTimeOf(hlc) <= IDEMPOTENCY_WINDOW)
      .sort(foldOrder);
    return copies.find((copy) => copy.fingerprint === fingerprint) ?? copies.at(-1);
  }

  /** The last position of a log without a hole before it. Only the log's owner may build on it. */
  lastPosition(log: string): number {
    return this.lastDecidedPosition(log) + this.undecided.filter((intent) => intent.log === log).length;
  }

  /** The same without the undecided intents at its end. */
  lastDecidedPosition(log: string): number {
    return positionIn(this.#base?.version ?? emptyVersion, log) + (this.#logs.get(log)?.size ?? 0);
  }

  /** The intents that were prepared when they were read: nothing is appended behind them before they are final. */
  get intents(): readonly OpenIntent[] {
    return [...this.#intents.values()];
  }

  /** Those of which nothing here says what became of them. */
  get undecided(): readonly Commit[] {
    return this.intents.filter(({ state }) => !state).map(({ intent }) => intent);
  }

  /** The intent of an attempt, prepared, committed or aborted; undefined where there is none, or only in the base. */
  intentOf(attempt: string): Commit | undefined {
    return this.#attempts.get(attempt);
  }

  /** The last position of a log that has events, 0 if there is none. */
  lastPositionWithEvents(log: string): number {
    return this.#lastWithEvents(log, this.lastPosition(log));
  }

  #lastWithEvents(log: string, upTo: number): number {
    const last = this.#logs.get(log)?.get(upTo);
    if (!last) return positionIn(this.#base?.withEvents ?? emptyVersion, log);
    return last.events.length > 0 ? last.position : last.previous;
  }

  /**
   * The least causally closed version that covers a commit of this history. Usually its context and its dot; if its
   * writer was based on an old version, also what its log holds in between, since a version has no holes.
   */
  versionOf(commit: Commit | KnownCopy): VersionVector {
    if ('version' in commit) return commit.version;
    const { log, position, context } = commit;
    let version = joinVersions(context, { [log]: position });
    let covered = positionIn(context, log);
    for (let p = position - 1; p > covered; p--) {
      const between = this.#logs.get(log)?.get(p)?.context ?? emptyVersion;
      version = joinVersions(version, between);
      covered = Math.max(covered, positionIn(between, log));
    }
    return version;
  }

  /**
   * Takes a snapshot, if its stream type wants them and so many commits have come since the last one, and goes on from
   * it: the commits in it are forgotten here. It holds what every other commit here has seen; so it is a little behind
   * where Regions write at once.
   * @param now wall clock: what is younger than the type's `settle` stays out
   */
  takeSnapshot(now: number): Snapshot | undefined {
    const { mode, snapshots } = this.#definition;
    if (!snapshots) return undefined;
    const due = Math.max(snapshots.every, Math.ceil((this.#base?.ids.size ?? 0) / IDS_PER_COMMIT));
    if (this.#seenCommits.length - this.#tried < due || this.#unreadable || !this.#holds) return undefined;
    // Loaded from a snapshot that covered it, an intent that is not final would be missed.
    if (this.#intents.size > 0) return undefined;
    const { settle = mode === 'merge' ? SETTLE_MS : 0 } = snapshots;
    // Without a wait the clock says nothing: stamps may be ahead of it.
    const commits = this.#settled(settle > 0 ? now - settle : Number.POSITIVE_INFINITY, due);
    const last = commits.at(-1);
    if (!last) return undefined;
    this.#tried = this.#seenCommits.length;
    const fold = new Fold(this.#definition, this.#base);
    const copies = commits.map((commit) => {
      const { commitId, log, position, hlc, fingerprint } = commit;
      return {
        commitId,
        log,
        position,
        hlc,
        fingerprint,
        countsAs: fold.apply(commit),
        version: this.versionOf(commit),
      };
    });
    this.#tried = 0;
    const version = commits.reduce(advanceVersion, this.#base?.version ?? emptyVersion);
    const since = wallTimeOf(last.hlc) - IDEMPOTENCY_WINDOW - CLOCK_MARGIN_MS;
    const known = [...(this.#base?.ids.values() ?? []), copies].flat().filter(({ hlc }) => wallTimeOf(hlc) >= since);
    const snapshot = {
      stream: this.stream,
      codeVersion: snapshots.codeVersion,
      schemaVersions: currentSchemaVersions(this.#definition.events),
      version,
      latestStamp: last.hlc,
      withEvents: Object.fromEntries(Object.entries(version).map(([log, at]) => [log, this.#lastWithEvents(log, at)])),
      state: fold.state,
      ids: Map.groupBy(known, ({ commitId }) => commitId),
    };
    const others = this.#logs.values().flatMap((log) => log.values().filter((commit) => !covers(version, commit)));
    this.#startFrom(snapshot, [...others]);
    return snapshot;
  }

  /**
   * The most seen commits, from the oldest on, that every other commit here, seen or hidden, has seen.
   * @param until wall time: younger ones are others
   * @param least fewer than that are none
   */
  #settled(until: number, least: number): readonly Commit[] {
    let knownToOthers = this.#hiddenCommits()
      .map(({ context }) => context)
      .reduce(meetVersions, this.#seen);
    let version = this.#seen;
    let count = this.#seenCommits.length;
    for (const last of this.#seenCommits.slice(least - 1).reverse()) {
      if (wallTimeOf(last.hlc) <= until && dominates(knownToOthers, version)) return this.#seenCommits.slice(0, count);
      knownToOthers = meetVersions(knownToOthers, last.context);
      version = { ...version, [last.log]: last.position - 1 };
      count--;
    }
    return [];
  }
}

function placeOf({ log, position }: Dot): string {
  return `${log}#${position}`;
}

/** May a commit come behind a snapshot? */
function follows({ latestStamp, version }: Snapshot, { hlc, context }: Commit): boolean {
  return hlc > latestStamp && dominates(context, version);
}

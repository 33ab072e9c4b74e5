import { type Commit, foldOrder } from './commit.ts';
import { Fold, IDEMPOTENCY_WINDOW } from './fold.ts';
import { type Hlc, wallTimeOf } from './hlc.ts';
import type { StreamDefinition } from './stream.ts';
import { advance, covers, dominates, empty, join, positionIn, sameVersion, type Version } from './version.ts';

/**
 * What one Region holds of one stream: commits in any order in, and out of them the seen set, the state and the context
 * of the next commit.
 */
export class History {
  readonly stream: string;
  readonly #definition: StreamDefinition;
  /** Per log by position; holes are positions that have not arrived. */
  readonly #logs = new Map<string, Map<number, Commit>>();
  readonly #byId = new Map<string, Commit[]>();
  /** The seen commits in fold order. */
  readonly #seenCommits: Commit[] = [];
  #seen: Version = empty;
  #latestStamp: Hlc | undefined;
  #fold: { readonly fold: Fold; readonly count: number } | undefined;

  constructor(definition: StreamDefinition, stream: string, commits: Iterable<Commit> = []) {
    this.#definition = definition;
    this.stream = stream;
    this.add(commits);
  }

  /** Takes commits in; those it has already make no difference. */
  add(commits: Iterable<Commit>): void {
    for (const commit of commits) this.#keep(commit);
    this.#see();
  }

  #keep(commit: Commit): void {
    const log = this.#logs.get(commit.log) ?? new Map<number, Commit>();
    if (log.has(commit.position)) return;
    this.#logs.set(commit.log, log.set(commit.position, commit));
    const copies = this.#byId.get(commit.commitId);
    if (copies) copies.push(commit);
    else this.#byId.set(commit.commitId, [commit]);
    if (this.#latestStamp === undefined || commit.hlc > this.#latestStamp) this.#latestStamp = commit.hlc;
  }

  /** Extends the seen set as far as it goes: each log's next commit, once what it depends on is seen. */
  #see(): void {
    let before: Version;
    do {
      before = this.#seen;
      for (const [log, commits] of this.#logs)
        for (;;) {
          const next = commits.get(positionIn(this.#seen, log) + 1);
          if (!next || !dominates(this.#seen, next.context)) break;
          this.#seen = advance(this.#seen, next);
          this.#insert(next);
        }
    } while (before !== this.#seen);
  }

  #insert(commit: Commit): void {
    const at = this.#seenCommits.findLastIndex((seen) => foldOrder(seen, commit) < 0) + 1;
    this.#seenCommits.splice(at, 0, commit);
    if (this.#fold && at < this.#fold.count) this.#fold = undefined;
  }

  /** The seen set: the largest causally closed version of which every commit is here. */
  get seen(): Version {
    return this.#seen;
  }

  /** The highest stamp here, of hidden commits too; undefined when there is none. */
  get latestStamp(): Hlc | undefined {
    return this.#latestStamp;
  }

  /** Commits that are here and not seen, because something that they depend on is missing. */
  get hidden(): number {
    return this.#logs.values().reduce((sum, log) => sum + log.size, 0) - this.#seenCommits.length;
  }

  /** The seen commits whose id was used before with other content: ignored, and worth a report. */
  get reused(): readonly Commit[] {
    return this.#folded().reused;
  }

  hasOtherLogsThan(own: string): boolean {
    return this.#logs.keys().some((log) => log !== own);
  }

  /** The state at the seen set. */
  get state(): unknown {
    return this.#folded().state;
  }

  /** The state at a version that the seen set covers. */
  stateAt(version: Version): unknown {
    if (sameVersion(version, this.#seen)) return this.state;
    const fold = new Fold(this.#definition);
    for (const commit of this.#seenCommits) if (covers(version, commit)) fold.apply(commit);
    return fold.state;
  }

  #folded(): Fold {
    const { fold, count } = this.#fold ?? { fold: new Fold(this.#definition), count: 0 };
    for (const commit of this.#seenCommits.slice(count)) fold.apply(commit);
    this.#fold = { fold, count: this.#seenCommits.length };
    return fold;
  }

  /** The seen commits that `version` does not cover, in fold order. */
  since(version: Version): readonly Commit[] {
    return this.#seenCommits.filter((commit) => !covers(version, commit));
  }

  /**
   * A commit, seen or hidden, that an append with this id made now would be a copy of: one of the same request if there
   * is one, else the last.
   */
  find(commitId: string, request: string, now: number): Commit | undefined {
    const copies = (this.#byId.get(commitId) ?? [])
      .filter(({ hlc }) => now - wallTimeOf(hlc) <= IDEMPOTENCY_WINDOW)
      .sort(foldOrder);
    return copies.find((copy) => copy.request === request) ?? copies.at(-1);
  }

  /** The last position of a log without a hole before it. Only the log's owner may build on it. */
  lastPosition(log: string): number {
    const commits = this.#logs.get(log);
    return commits ? commits.size : 0;
  }

  /** The last position of a log that has events, 0 if there is none. */
  lastPositionWithEvents(log: string): number {
    const last = this.#logs.get(log)?.get(this.lastPosition(log));
    if (!last) return 0;
    return last.events.length > 0 ? last.position : last.previous;
  }

  /**
   * The least causally closed version that covers a commit of this history. Usually its context and its dot; if its
   * writer was based on an old version, also what its log holds in between, since a version has no holes.
   */
  versionOf({ log, position, context }: Commit): Version {
    let version = join(context, { [log]: position });
    let covered = positionIn(context, log);
    for (let p = position - 1; p > covered; p--) {
      const between = this.#logs.get(log)?.get(p)?.context ?? empty;
      version = join(version, between);
      covered = Math.max(covered, positionIn(between, log));
    }
    return version;
  }
}

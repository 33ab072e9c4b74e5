import { type Commit, foldOrder, isVisible } from '../facts/commit.ts';
import type { Hlc } from '../facts/hlc.ts';
import {
  advanceVersion,
  emptyVersion,
  positionIn,
  type VersionVector,
  versionCovers,
  versionDominates,
} from '../facts/version.ts';
import type { LogPositions } from './log-positions.ts';

/** The largest causally closed version whose commits are all present, and its commits after the base in fold order. */
export class SeenSet {
  readonly #logs: LogPositions;
  readonly #commits: Commit[] = [];
  #version: VersionVector;

  constructor(logs: LogPositions, base: VersionVector = emptyVersion) {
    this.#logs = logs;
    this.#version = base;
  }

  get version(): VersionVector {
    return this.#version;
  }

  /** The seen commits, without aborted intents, in fold order. */
  get commits(): readonly Commit[] {
    return this.#commits;
  }

  /** Commits present but not seen, because a dependency of theirs is missing. */
  hidden(): IteratorObject<Commit> {
    return this.#logs.behind(this.#version);
  }

  /** The lowest stamp of a hidden commit; undefined if there is none. */
  get oldestHidden(): Hlc | undefined {
    return this.hidden()
      .map(({ hlc }) => hlc)
      .reduce<Hlc | undefined>((oldest, hlc) => (oldest !== undefined && oldest < hlc ? oldest : hlc), undefined);
  }

  /** The seen commits that a version does not cover, in fold order. */
  since(version: VersionVector): readonly Commit[] {
    return this.#commits.filter((commit) => !versionCovers(version, commit));
  }

  /** The seen commits that a version covers, in fold order. */
  upTo(version: VersionVector): readonly Commit[] {
    return this.#commits.filter((commit) => versionCovers(version, commit));
  }

  /**
   * Extends the set as far as possible, by each log's next commit whose dependencies are seen.
   * @returns the number of leading commits that are unchanged
   */
  extend(): number {
    let unchanged = this.#commits.length;
    let before: VersionVector;
    do {
      before = this.#version;
      for (const log of this.#logs.names())
        for (;;) {
          const next = this.#logs.at(log, positionIn(this.#version, log) + 1);
          if (!next || !versionDominates(this.#version, next.context)) break;
          this.#version = advanceVersion(this.#version, next);
          if (isVisible(next)) unchanged = Math.min(unchanged, this.#insert(next));
        }
    } while (before !== this.#version);
    return unchanged;
  }

  /** @returns the index of the inserted commit */
  #insert(commit: Commit): number {
    const at = this.#commits.findLastIndex((seen) => foldOrder(seen, commit) < 0) + 1;
    this.#commits.splice(at, 0, commit);
    return at;
  }
}

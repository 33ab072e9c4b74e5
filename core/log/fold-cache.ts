import type { StreamDefinition } from '../definition/stream.ts';
import type { Commit } from '../facts/commit.ts';
import type { Snapshot } from '../facts/snapshot.ts';
import { Fold } from './fold.ts';

/** A fold of commits that is continued incrementally, as long as the commits already folded do not change. */
export class FoldCache {
  readonly #definition: StreamDefinition;
  readonly #base: Snapshot | undefined;
  #kept: { readonly fold: Fold; readonly count: number } | undefined;

  constructor(definition: StreamDefinition, base?: Snapshot) {
    this.#definition = definition;
    this.#base = base;
  }

  /** Reports that only this many of the first commits are unchanged. */
  keepFirst(unchanged: number): void {
    if (this.#kept && unchanged < this.#kept.count) this.#kept = undefined;
  }

  /** The fold of these commits; the commits folded before must be their beginning. */
  of(commits: readonly Commit[]): Fold {
    const { fold, count } = this.#kept ?? { fold: this.#empty(), count: 0 };
    for (const commit of commits.slice(count)) fold.apply(commit);
    this.#kept = { fold, count: commits.length };
    return fold;
  }

  /** A separate fold, which does not change the kept one. */
  apart(commits: readonly Commit[]): Fold {
    const fold = this.#empty();
    for (const commit of commits) fold.apply(commit);
    return fold;
  }

  #empty(): Fold {
    return new Fold(this.#definition, this.#base);
  }
}

import type { StreamDefinition } from '../definition/stream.ts';
import type { Commit } from '../facts/commit.ts';
import type { Snapshot } from '../facts/snapshot.ts';
import { Fold } from './fold.ts';

/** A fold of commits that goes on from where it was, as long as what it has folded stays as it is. */
export class FoldCache {
  readonly #definition: StreamDefinition;
  readonly #base: Snapshot | undefined;
  #kept: { readonly fold: Fold; readonly count: number } | undefined;

  constructor(definition: StreamDefinition, base?: Snapshot) {
    this.#definition = definition;
    this.#base = base;
  }

  /** Of the commits only the first so many are still what they were. */
  keepFirst(unchanged: number): void {
    if (this.#kept && unchanged < this.#kept.count) this.#kept = undefined;
  }

  /** The fold of commits of which those folded before are the first. */
  of(commits: readonly Commit[]): Fold {
    const { fold, count } = this.#kept ?? { fold: this.#empty(), count: 0 };
    for (const commit of commits.slice(count)) fold.apply(commit);
    this.#kept = { fold, count: commits.length };
    return fold;
  }

  /** A fold of other commits. */
  apart(commits: readonly Commit[]): Fold {
    const fold = this.#empty();
    for (const commit of commits) fold.apply(commit);
    return fold;
  }

  #empty(): Fold {
    return new Fold(this.#definition, this.#base);
  }
}

import { type Commit, foldOrder, writtenAt } from '../facts/commit.ts';
import type { KnownCopy, Snapshot } from '../facts/snapshot.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../limits/budgets.ts';

/** The commits of a stream by commitId, seen or hidden, including those in the base snapshot. */
export class KnownIds {
  readonly #base: Snapshot['ids'] | undefined;
  readonly #byId = new Map<string, Commit[]>();

  constructor(base?: Snapshot) {
    this.#base = base?.ids;
  }

  add(commit: Commit): void {
    const copies = this.#byId.get(commit.commitId);
    if (copies) copies.push(commit);
    else this.#byId.set(commit.commitId, [commit]);
  }

  /**
   * The commit that an append with this id would repeat now: the first one of the same request, otherwise the last one.
   */
  find(commitId: string, repeats: (known: Commit | KnownCopy) => boolean, now: number): Commit | KnownCopy | undefined {
    const copies = [...(this.#base?.get(commitId) ?? []), ...(this.#byId.get(commitId) ?? [])]
      .filter((copy) => now - writtenAt(copy) <= IDEMPOTENCY_WINDOW_MS)
      .sort(foldOrder);
    return copies.find(repeats) ?? copies.at(-1);
  }
}

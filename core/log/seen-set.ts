import { type Commit, foldOrder, isVisible, writtenAt } from '../facts/commit.ts';
import type { Hlc } from '../facts/hlc.ts';
import { emptyVersion, positionIn, type VersionVector, versionCovers, versionOf } from '../facts/version.ts';
import type { LogPositions } from './log-positions.ts';

/** The largest causally closed version whose commits are all present, and its commits after the base in fold order. */
export class SeenSet {
  readonly #logs: LogPositions;
  readonly #base: VersionVector;
  readonly #commits: Commit[] = [];
  #version: VersionVector;

  constructor(logs: LogPositions, base: VersionVector = emptyVersion) {
    this.#logs = logs;
    this.#base = base;
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
   * The version of the largest causally closed part of the seen commits that were all written at or before a time, by their
   * writers' clocks. A commit that depends on one that is left out is left out too; so is what follows in its log, because
   * a version has no gaps. The commits in the base are all included.
   */
  writtenBy(time: number): VersionVector {
    const leftOut = new Map<string, number>();
    const positions = new Map(Object.entries(this.#base));
    // Fold order extends causal order, and the order of each log.
    for (const commit of this.#commits) {
      const covered = [...Object.entries(commit.context), [commit.log, commit.position] as const];
      const isWithin = covered.every(([log, position]) => position < (leftOut.get(log) ?? Number.POSITIVE_INFINITY));
      if (isWithin && writtenAt(commit) <= time)
        for (const [log, position] of covered) positions.set(log, Math.max(positions.get(log) ?? 0, position));
      else if (!leftOut.has(commit.log)) leftOut.set(commit.log, commit.position);
    }
    return versionOf(positions);
  }

  /**
   * Extends the set as far as possible, by each log's next commit whose dependencies are seen. Every commit, and every
   * entry of its context, is looked at once, whatever the logs know of each other.
   * @returns the number of leading commits that are unchanged
   */
  extend(): number {
    const ready: Head[] = [];
    for (const log of this.#logs.names()) ready.push(...this.#headAfter(log, positionIn(this.#version, log)));
    if (ready.length === 0) return this.#commits.length;
    const positions = new Map(Object.entries(this.#version));
    const found: Commit[] = [];
    /** The heads that wait for a commit, by its place. */
    const waiting = new Map<string, Head[]>();
    let isExtended = false;
    for (let head = ready.pop(); head; head = ready.pop()) {
      const { commit, needs } = head;
      let missing = needs.pop();
      while (missing && (positions.get(missing[0]) ?? 0) >= missing[1]) missing = needs.pop();
      if (missing) {
        const place = placeOf(...missing);
        const others = waiting.get(place);
        if (others) others.push(head);
        else waiting.set(place, [head]);
        continue;
      }
      isExtended = true;
      positions.set(commit.log, commit.position);
      if (isVisible(commit)) found.push(commit);
      if (waiting.size > 0) ready.push(...(waiting.get(placeOf(commit.log, commit.position)) ?? []));
      ready.push(...this.#headAfter(commit.log, commit.position));
    }
    if (isExtended) this.#version = versionOf(positions);
    return this.#insert(found);
  }

  /** The next commit of a log, if it is here. */
  #headAfter(log: string, position: number): readonly Head[] {
    const commit = this.#logs.at(log, position + 1);
    return commit ? [{ commit, needs: Object.entries(commit.context) }] : NONE;
  }

  /** @returns the index of the first inserted commit */
  #insert(found: Commit[]): number {
    const [first] = found.sort(foldOrder);
    if (!first) return this.#commits.length;
    const at = this.#commits.findLastIndex((seen) => foldOrder(seen, first) < 0) + 1;
    const behind = this.#commits.splice(at);
    // Sorting two sorted lists, one after the other, takes linear time.
    const merged = behind.length > 0 ? [...behind, ...found].sort(foldOrder) : found;
    for (const commit of merged) this.#commits.push(commit);
    return at;
  }
}

const NONE: readonly Head[] = [];

/** The next commit of a log, and the part of its context that is not known to be seen. */
interface Head {
  readonly commit: Commit;
  readonly needs: [log: string, position: number][];
}

function placeOf(log: string, position: number): string {
  return `${log}#${position}`;
}

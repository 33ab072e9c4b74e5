import type { Commit } from '../facts/commit.ts';
import type { KnownCopy, Snapshot } from '../facts/snapshot.ts';
import {
  type Dot,
  emptyVersion,
  joinVersions,
  positionIn,
  type VersionVector,
  versionCovers,
  versionDominates,
  versionOf,
} from '../facts/version.ts';
import { heapBytes } from './heap-bytes.ts';

/** The memory of a commit's members with a fixed size, and of its places in the maps and lists of a history. */
const COMMIT_BYTES = 1_300;

/**
 * The decided positions of a stream's logs after a snapshot, seen or hidden; gaps are positions that have not
 * arrived.
 */
export class LogPositions {
  readonly #logs = new Map<string, Map<number, Commit>>();
  #bytes = 0;
  /** The commits that are not included in the bytes yet. */
  #unmeasured: Commit[] = [];
  readonly #base: VersionVector;
  /** Per log, the last position in the base that has events. */
  readonly #withEvents: VersionVector;

  constructor(base?: Snapshot) {
    this.#base = base?.version ?? emptyVersion;
    this.#withEvents = base?.withEvents ?? emptyVersion;
  }

  isInBase(dot: Dot): boolean {
    return versionCovers(this.#base, dot);
  }

  has({ log, position }: Dot): boolean {
    return this.#logs.get(log)?.has(position) ?? false;
  }

  at(log: string, position: number): Commit | undefined {
    return this.#logs.get(log)?.get(position);
  }

  put(commit: Commit): void {
    this.#unmeasured.push(commit);
    const log = this.#logs.get(commit.log);
    if (log) log.set(commit.position, commit);
    else this.#logs.set(commit.log, new Map([[commit.position, commit]]));
  }

  /** An estimate of the memory that the commits take, and what is computed from them. Measures each of them once. */
  get bytes(): number {
    for (const { commitId, events, context, meta } of this.#unmeasured)
      this.#bytes += COMMIT_BYTES + heapBytes(commitId) + heapBytes(events) + heapBytes(context) + heapBytes(meta);
    this.#unmeasured = [];
    return this.#bytes;
  }

  /** Per log, the last decided position without a gap before it. @param from a version without gaps */
  held(from: VersionVector): VersionVector {
    // Usually everything is seen.
    if ([...this.#logs].every(([log, positions]) => !positions.has(positionIn(from, log) + 1))) return from;
    const held = new Map(Object.entries(from));
    for (const [log, positions] of this.#logs) {
      let last = held.get(log) ?? 0;
      while (positions.has(last + 1)) last++;
      held.set(log, last);
    }
    return versionOf(held);
  }

  /** The logs with at least one commit here. */
  names(): IterableIterator<string> {
    return this.#logs.keys();
  }

  hasOthersThan(own: string): boolean {
    return [...this.#logs.keys(), ...Object.keys(this.#base)].some((log) => log !== own);
  }

  /** The commits not covered by a version. */
  behind(version: VersionVector): IteratorObject<Commit> {
    return this.#logs.values().flatMap((log) => log.values().filter((commit) => !versionCovers(version, commit)));
  }

  /** The last decided position of a log without a gap before it. Only the log's owner may build on it. */
  last(log: string): number {
    return positionIn(this.#base, log) + (this.#logs.get(log)?.size ?? 0);
  }

  /** The last position of a log, up to `upTo`, that has events; 0 if there is none. */
  lastWithEvents(log: string, upTo: number): number {
    const last = this.at(log, upTo);
    if (!last) return positionIn(this.#withEvents, log);
    return last.events.length > 0 ? last.position : last.previous;
  }

  /** True if all commits after this version are available individually: the base includes none of them. */
  reaches(version: VersionVector): boolean {
    return versionDominates(version, this.#base);
  }

  /**
   * `versionOf` for commits that are asked for in the order of their positions: each takes the version of the one before
   * it, instead of all contexts back to the one that its own context covers.
   */
  versionsInOrder(): (commit: Commit) => VersionVector {
    const last = new Map<string, { readonly position: number; readonly version: VersionVector }>();
    return (commit) => {
      const { log, position, context } = commit;
      const before = last.get(log);
      const isNext = before?.position === position - 1 && positionIn(context, log) < position - 1;
      const version = isNext
        ? joinVersions(joinVersions(context, { [log]: position }), before.version)
        : this.versionOf(commit);
      last.set(log, { position, version });
      return version;
    };
  }

  /**
   * The least causally closed version that covers a commit. Usually it is the commit's context and dot. If the writer
   * had read an old version, it also includes the later commits of the writer's log, since a version has no gaps.
   */
  versionOf(commit: Commit | KnownCopy): VersionVector {
    if ('version' in commit) return commit.version;
    const { log, position, context } = commit;
    let version = joinVersions(context, { [log]: position });
    let covered = positionIn(context, log);
    for (let p = position - 1; p > covered; p--) {
      const between = this.at(log, p)?.context ?? emptyVersion;
      version = joinVersions(version, between);
      covered = Math.max(covered, positionIn(between, log));
    }
    return version;
  }
}

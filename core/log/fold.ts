import type { EvolveContext } from '../definition/conflicts.ts';
import { inCurrentVersion } from '../definition/event-version.ts';
import type { RecordedEvent, StreamDefinition } from '../definition/stream.ts';
import { type Commit, dotOfEvent, eventId, foldOrder, type Stamped, writtenAt } from '../facts/commit.ts';
import type { Snapshot } from '../facts/snapshot.ts';
import { type Dot, positionIn, type VersionVector, versionCovers } from '../facts/version.ts';
import { IDEMPOTENCY_WINDOW_MS } from '../limits/budgets.ts';

/** Sees how a stream is folded. */
export interface FoldWatcher {
  /**
   * A commit counts.
   * @param unseen the commits that are folded before it although its writer had not seen them, in fold order
   * @param saw whether its writer had seen another commit that counts
   */
  counted(folded: Folded, unseen: () => readonly Folded[], saw: (dot: Dot) => boolean): void;
  /** A commit has the id of one that counts, and other events, which do not count. */
  decidedAgain(copy: Commit, counted: Commit): void;
}

/** A commit that changed the state, with the dots of all its copies that have the same events, including its own. */
export interface Folded {
  readonly commit: Commit;
  readonly copies: Dot[];
  readonly events: readonly RecordedEvent[];
}

/**
 * The copies of a commit: the fingerprint of the one that was folded, the dots of all that have its events, and when the last
 * copy was written.
 */
interface SeenId {
  readonly fingerprint: string;
  readonly copies: Dot[];
  readonly last: number;
  /** The one that was folded, unless only the snapshot includes it. */
  readonly counted?: Commit;
}

/**
 * The state of a stream, folded commit by commit in fold order, from the start or from a snapshot. The contexts of all
 * commits after the snapshot must cover its version, so that nothing in it is concurrent with them. A copy of a commit
 * is ignored: it has the same commitId within the idempotency window, as a retry in another Region has. So is a repair that had not
 * seen an earlier one that counts.
 */
export class Fold {
  readonly #definition: StreamDefinition;
  readonly #logs = new Map<string, Folded[]>();
  readonly #base: Snapshot | undefined;
  readonly #byId = new Map<string, SeenId>();
  readonly #reused: Stamped[] = [];
  /** The repairs that count. Those in the snapshot are not needed: what follows it has seen them. */
  readonly #repairs: Commit[] = [];
  readonly #watcher: FoldWatcher | undefined;
  #state: unknown;

  constructor(definition: StreamDefinition, base?: Snapshot, watcher?: FoldWatcher) {
    this.#definition = definition;
    this.#base = base;
    this.#watcher = watcher;
    this.#state = base ? base.state : definition.initial;
  }

  get state(): unknown {
    return this.#state;
  }

  /**
   * Ignored copies whose content differs from the commit with their id: the id was reused. Copies in the snapshot are
   * included only if it lists them.
   */
  get reused(): readonly Stamped[] {
    const known = [...(this.#base?.ids.values() ?? [])].flat();
    return [...known.filter(({ fingerprint, countsAs }) => fingerprint !== countsAs), ...this.#reused];
  }

  /**
   * Folds the next commit; commits must come in fold order.
   * @returns the commit's fingerprint; for an ignored copy, that of the commit that it repeats
   */
  apply(commit: Commit): string {
    const earlier = this.#byId.get(commit.commitId) ?? this.#inBase(commit.commitId);
    const at = writtenAt(commit);
    if (earlier && at - earlier.last <= IDEMPOTENCY_WINDOW_MS) {
      this.#byId.set(commit.commitId, { ...earlier, last: Math.max(earlier.last, at) });
      // A context that covers a copy covers the folded commit, unless the copy was decided again, with other events.
      if (earlier.counted && wasDecidedAgain(earlier.counted, commit))
        this.#watcher?.decidedAgain(commit, earlier.counted);
      else earlier.copies.push(commit);
      if (earlier.fingerprint !== commit.fingerprint) this.#reused.push(commit);
      return earlier.fingerprint;
    }
    if (commit.repair) {
      if (!this.#repairs.every((repair) => this.#isSeenBy(commit, repair))) return commit.fingerprint;
      this.#repairs.push(commit);
    }
    const folded = { commit, copies: [commit], events: recordedEvents(this.#definition, commit) };
    const context = this.#contextOf(commit);
    for (const event of folded.events) this.#state = this.#definition.evolve(this.#state, event, context);
    const { commitId, fingerprint } = commit;
    this.#byId.set(commitId, { fingerprint, copies: folded.copies, last: at, counted: commit });
    this.#watcher?.counted(
      folded,
      () => this.#unseenBy(commit.context),
      (dot) => this.#isSeenBy(commit, dot),
    );
    const log = this.#logs.get(commit.log);
    if (log) log.push(folded);
    else this.#logs.set(commit.log, [folded]);
    return fingerprint;
  }

  #inBase(commitId: string): SeenId | undefined {
    const known = this.#base?.ids.get(commitId) ?? [];
    const last = known.at(-1);
    return last && { fingerprint: last.countsAs, copies: [], last: Math.max(...known.map(writtenAt)) };
  }

  #contextOf(commit: Commit): EvolveContext<RecordedEvent> {
    const { context } = commit;
    const unseen = () => this.#unseenBy(context).flatMap(({ events }) => events);
    let concurrent: readonly RecordedEvent[] | undefined;
    return {
      get concurrent() {
        concurrent ??= unseen();
        return concurrent;
      },
      saw: (id) => this.#isSeenBy(commit, dotOfEvent(id)),
    };
  }

  /** A commit has seen what its context covers, copies included, and its own earlier events. */
  #isSeenBy({ log: own, position, context }: Commit, dot: Dot): boolean {
    if (versionCovers(context, dot) || (dot.log === own && dot.position === position)) return true;
    const log = this.#logs.get(dot.log) ?? [];
    const folded = log[firstBehind(log, dot.position - 1)];
    return folded?.commit.position === dot.position && folded.copies.some((copy) => versionCovers(context, copy));
  }

  /** Looks only at the part of each log after the context: what is returned, and copies of what the context covers. */
  #unseenBy(context: VersionVector): readonly Folded[] {
    const unseen: Folded[] = [];
    for (const [name, log] of this.#logs) {
      const tail = log.slice(firstBehind(log, positionIn(context, name)));
      unseen.push(...tail.filter(({ copies }) => !copies.some((copy) => versionCovers(context, copy))));
    }
    return unseen.sort((a, b) => foldOrder(a.commit, b.commit));
  }
}

/** The index of the first commit after a position, by binary search: commits of a log are folded by position. */
function firstBehind(log: readonly Folded[], position: number): number {
  let [low, high] = [0, log.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const folded = log[middle];
    if (folded && folded.commit.position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** True if two copies of a commit have different events. Commits of older code have no digest, and count as equal. */
function wasDecidedAgain(a: Commit, b: Commit): boolean {
  return a.digest !== undefined && b.digest !== undefined && a.digest !== b.digest;
}

/** The events of a commit as `evolve` receives them. @throws MeridianError `unreadable-event` */
export function recordedEvents({ events }: StreamDefinition, commit: Commit): readonly RecordedEvent[] {
  return commit.events.map((event, index) => ({
    ...inCurrentVersion(events, commit, index, event),
    id: eventId(commit, index),
    commitId: commit.commitId,
    hlc: commit.hlc,
    region: commit.region,
  }));
}

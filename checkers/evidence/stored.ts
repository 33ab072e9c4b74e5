import type { HistoryCommit, LineOf } from '../history.ts';
import { attemptIn } from './attempt.ts';
import { type Dot, showDot } from './version.ts';

/** What is stored of a stream when the history has settled. */
export class Stored {
  readonly stream: string;
  /** One per Region. */
  readonly replicas: readonly LineOf<'replica'>[];
  /** Every commit that some Region has, in any state, in fold order. */
  readonly commits: readonly HistoryCommit[];
  /** Those that readers may see. */
  readonly visible: readonly HistoryCommit[];
  readonly #byDot = new Map<string, HistoryCommit>();
  readonly #empty: ReadonlySet<string>;
  readonly #byId: ReadonlyMap<string, readonly HistoryCommit[]>;
  readonly #byTransaction: ReadonlyMap<string | undefined, readonly HistoryCommit[]>;

  constructor(stream: string, replicas: readonly LineOf<'replica'>[]) {
    this.stream = stream;
    this.replicas = replicas;
    for (const commit of replicas.flatMap(({ commits }) => commits)) {
      const dot = showDot(commit);
      if (!this.#byDot.has(dot)) this.#byDot.set(dot, commit);
    }
    this.#empty = new Set(replicas.flatMap(({ empty = [] }) => empty.map(showDot)));
    this.commits = inFoldOrder(this.#byDot.values());
    this.visible = this.commits.filter((commit) => isVisible(commit) && !isMark(commit));
    this.#byId = Map.groupBy(this.visible, ({ commitId }) => commitId);
    this.#byTransaction = Map.groupBy(this.visible, ({ commitId }) => attemptIn(commitId)?.id);
  }

  /** The commit at a dot, in the first Region that has one. */
  at(dot: Dot): HistoryCommit | undefined {
    return this.#byDot.get(showDot(dot));
  }

  /** Whether a dot is there, be it of a commit or empty. */
  has(dot: Dot): boolean {
    return this.#byDot.has(showDot(dot)) || this.#empty.has(showDot(dot));
  }

  /** The visible commits with an id, in fold order. */
  commitsOf(id: string): readonly HistoryCommit[] {
    return this.#byId.get(id) ?? [];
  }

  /** The visible commits of all attempts of a transaction, in fold order. */
  commitsOfTransaction(id: string): readonly HistoryCommit[] {
    return this.#byTransaction.get(id) ?? [];
  }
}

/** A Region's own mark in its log when it hands a stream over to another Region, a seal or a pin: no request asks for it. */
function isMark({ commitId, events }: HistoryCommit): boolean {
  return /^(seal|pin):/.test(commitId) && events.length === 0;
}

export function isVisible({ state }: Pick<HistoryCommit, 'state'>): boolean {
  return state === 'visible';
}

/** What is stored in the end, by stream. */
export function storedOf(all: readonly LineOf<'replica'>[]): ReadonlyMap<string, Stored> {
  const byStream = Map.groupBy(all, ({ stream }) => stream);
  return new Map([...byStream].map(([stream, replicas]) => [stream, new Stored(stream, replicas)]));
}

/** The order in which every Region folds commits: by stamp, then log, then position. */
export function inFoldOrder(commits: Iterable<HistoryCommit>): readonly HistoryCommit[] {
  return [...commits].sort((a, b) => compare(a.hlc, b.hlc) || compare(a.log, b.log) || a.position - b.position);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How long an id is remembered, in milliseconds: a later append with it is another one. */
const REMEMBERED_MS = 14 * 24 * 60 * 60 * 1000;

/** When a commit was written, in milliseconds since 1970 by its writer's clock. */
export function writtenAt({ wallTime, hlc }: Pick<HistoryCommit, 'wallTime' | 'hlc'>): number {
  return wallTime ?? Number.parseInt(hlc.slice(0, 12), 16);
}

/** Whether an id that was last used at one time is still remembered at another. Milliseconds since 1970. */
export function isRemembered(lastUse: number, now: number): boolean {
  return now - lastUse <= REMEMBERED_MS;
}

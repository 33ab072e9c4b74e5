// The state of a stream by the definition of folding, without anything that makes it fast: what Regions show is compared with it.
import { canonical } from '../evidence/json.ts';
import { inFoldOrder, isRemembered, isVisible, writtenAt } from '../evidence/stored.ts';
import { covers, showDot, type Version } from '../evidence/version.ts';
import type { HistoryCommit, Kind } from '../history.ts';
import { evolve, type FoldedEvent, initialOf, type State } from './kinds.ts';

/** A commit that counts, with its copies: later commits with its id. */
interface Counted {
  readonly commit: HistoryCommit;
  readonly copies: HistoryCommit[];
  /** When the last copy was written. */
  last: number;
}

/**
 * The state after some commits of a stream, which are folded by stamp, then log, then position. A copy counts once: the first in this
 * order. A context that covers one copy covers all that have the same events.
 * @param upTo folds only what this version covers. @default all
 */
export function foldOf(kind: Kind, commits: readonly HistoryCommit[], upTo?: Version): State {
  let state = initialOf(kind);
  const folded = upTo === undefined ? commits : commits.filter((commit) => covers(upTo, commit));
  count(folded, (commit, unseen) => {
    let events: readonly FoldedEvent[] | undefined;
    for (const event of eventsOf(commit))
      state = evolve(state, event, () => {
        events ??= unseen().flatMap(eventsOf);
        return events;
      });
  });
  return state;
}

/** What a commit conflicts with, by their dots: `twice` if it was decided again, so that its events do not count. */
export interface Conflict {
  readonly dot: string;
  readonly twice: boolean;
  readonly against: readonly string[];
}

/** The conflicts of a stream whose events conflict whenever their writers had not seen each other, in fold order. */
export function conflictsOf(commits: readonly HistoryCommit[]): readonly Conflict[] {
  const found: Conflict[] = [];
  const add = (commit: HistoryCommit, against: readonly HistoryCommit[], twice = false): void => {
    if (against.length > 0) found.push({ dot: showDot(commit), twice, against: against.map(showDot) });
  };
  count(
    commits,
    (commit, unseen) => {
      if (commit.events.length > 0)
        add(
          commit,
          unseen().filter(({ events }) => events.length > 0),
        );
    },
    (copy, counted) => add(copy, hasSameEvents(copy, counted) ? [] : [counted], true),
  );
  return found;
}

/**
 * The conflicts that no repair which counts has covered: its writer had seen the commit and all that it is against.
 * @param commits that some Region may have had
 */
export function waitingOf(commits: readonly HistoryCommit[]): readonly Conflict[] {
  const open: { readonly conflict: Conflict; readonly sides: readonly HistoryCommit[] }[] = [];
  count(commits, (commit, unseen, saw) => {
    if (commit.repair)
      for (const each of open.filter(({ sides }) => sides.every(saw))) open.splice(open.indexOf(each), 1);
    const against = commit.events.length > 0 ? unseen().filter(({ events }) => events.length > 0) : [];
    if (against.length === 0) return;
    const conflict = { dot: showDot(commit), twice: false, against: against.map(showDot) };
    open.push({ conflict, sides: [commit, ...against] });
  });
  return open.map(({ conflict }) => conflict);
}

/** The commits that count, in fold order. */
export function countedOf(commits: readonly HistoryCommit[]): readonly HistoryCommit[] {
  const counted: HistoryCommit[] = [];
  count(commits, (commit) => counted.push(commit));
  return counted;
}

/** The commits that do not count because another request has used their id, in fold order. */
export function displacedOf(commits: readonly HistoryCommit[]): readonly HistoryCommit[] {
  const displaced: HistoryCommit[] = [];
  const ignore = (): void => undefined;
  count(commits, ignore, (copy, counted) => {
    if (copy.fingerprint !== counted.fingerprint) displaced.push(copy);
  });
  return displaced;
}

/** Goes through the visible commits in fold order: those that count, with what their writers had not seen, and copies. */
function count(
  commits: readonly HistoryCommit[],
  onCounted: (
    commit: HistoryCommit,
    unseen: () => readonly HistoryCommit[],
    saw: (other: HistoryCommit) => boolean,
  ) => void,
  onCopy: (copy: HistoryCommit, counted: HistoryCommit) => void = () => undefined,
): void {
  const counted: Counted[] = [];
  const latest = new Map<string, Counted>();
  for (const commit of inFoldOrder(commits.filter(isVisible))) {
    const earlier = latest.get(commit.commitId);
    const at = writtenAt(commit);
    if (earlier && isRemembered(earlier.last, at)) {
      earlier.copies.push(commit);
      earlier.last = Math.max(earlier.last, at);
      onCopy(commit, earlier.commit);
      continue;
    }
    // Of repairs that had not seen each other only the first one counts.
    if (commit.repair && counted.some((other) => other.commit.repair && !isSeen(commit, other))) continue;
    onCounted(
      commit,
      () => counted.filter((other) => !isSeen(commit, other)).map((other) => other.commit),
      (one) => counted.some((other) => other.commit === one && isSeen(commit, other)),
    );
    const counts = { commit, copies: [commit], last: at };
    counted.push(counts);
    latest.set(commit.commitId, counts);
  }
}

/** Whether the writer of a commit had seen another one, by any of its copies with the same events. */
function isSeen({ context }: HistoryCommit, { commit, copies }: Counted): boolean {
  return copies.some((copy) => covers(context, copy) && hasSameEvents(copy, commit));
}

function hasSameEvents(a: HistoryCommit, b: HistoryCommit): boolean {
  return a === b || contentOf(a) === contentOf(b);
}

function contentOf({ events }: HistoryCommit): string {
  return canonical(events.map(({ type, effect }) => ({ type, effect })));
}

function eventsOf({ commitId, log, events }: HistoryCommit): readonly FoldedEvent[] {
  return events.map(({ id, effect }) => ({ id, commitId, log, effect }));
}

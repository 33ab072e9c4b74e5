// The state of a stream by the definition of folding, without anything that makes it fast: what Regions show is compared with it.
import { canonical } from '../evidence/json.ts';
import { inFoldOrder, isRemembered, isVisible, writtenAt } from '../evidence/stored.ts';
import { covers, type Version } from '../evidence/version.ts';
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
  const folded = commits.filter((commit) => isVisible(commit) && (upTo === undefined || covers(upTo, commit)));
  const counted: Counted[] = [];
  const latest = new Map<string, Counted>();
  let state = initialOf(kind);
  for (const commit of inFoldOrder(folded)) {
    const earlier = latest.get(commit.commitId);
    const at = writtenAt(commit);
    if (earlier && isRemembered(earlier.last, at)) {
      earlier.copies.push(commit);
      earlier.last = Math.max(earlier.last, at);
      continue;
    }
    let unseen: readonly FoldedEvent[] | undefined;
    for (const event of eventsOf(commit))
      state = evolve(state, event, () => {
        unseen ??= counted.filter((other) => !isSeen(commit, other)).flatMap((other) => eventsOf(other.commit));
        return unseen;
      });
    const counts = { commit, copies: [commit], last: at };
    counted.push(counts);
    latest.set(commit.commitId, counts);
  }
  return state;
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

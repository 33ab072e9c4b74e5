// Stamps follow causality: a commit's is above those of everything that its writer had seen.
import type { Checker } from './evidence/evidence.ts';
import type { Stored } from './evidence/stored.ts';
import { positionIn, showDot } from './evidence/version.ts';
import type { HistoryCommit, Violation } from './history.ts';

/** The stamps of all commits, empty positions included. */
export const stamps: Checker = ({ stored }) => [...stored.values()].flatMap(stampsOf);

function stampsOf(stored: Stored): readonly Violation[] {
  return stored.commits.flatMap((commit) => {
    const { log, position, context } = commit;
    // The stamps of a log grow, so the last position of each log that the context covers has the highest one.
    const before = Object.entries({ ...context, [log]: Math.max(position - 1, positionIn(context, log)) });
    return before.flatMap(([other, at]) => {
      const seen = stored.at({ log: other, position: at });
      return seen && seen.hlc >= commit.hlc ? [notAbove(stored.stream, commit, seen)] : [];
    });
  });
}

function notAbove(stream: string, commit: HistoryCommit, seen: HistoryCommit): Violation {
  const what = `${showDot(commit)} of ${stream} has the stamp ${commit.hlc}, not above ${seen.hlc} of ${showDot(seen)}, which came before`;
  return { property: 'stamps follow causality', what, ops: [], streams: [stream] };
}

// No intent outlives its transaction.
import { linesOf } from './evidence/lines.ts';
import { showDot } from './evidence/version.ts';
import type { Checker } from './history.ts';

/** The intents that are not final when the history has settled, although all deadlines and the time for recovery are over. */
export const intents: Checker = (history) => {
  const [settled] = linesOf(history, 'settled');
  return linesOf(history, 'replica').flatMap(({ region, stream, commits }) =>
    commits.flatMap((commit) => {
      if (commit.state !== 'prepared') return [];
      const since =
        settled?.at === undefined || commit.deadline === undefined
          ? ''
          : `, ${settled.at - commit.deadline} ms after its deadline`;
      const what = `${commit.commitId} still holds ${showDot(commit)} of ${stream} in ${region}${since}`;
      return { property: 'no open intent', what, ops: [], streams: [stream] };
    }),
  );
};

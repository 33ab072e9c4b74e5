// No intent outlives its transaction.
import type { Checker } from './evidence/evidence.ts';
import { showDot } from './evidence/version.ts';

/** The intents that are not final when the history has settled, although all deadlines and the time for recovery are over. */
export const intents: Checker = (evidence) => {
  const [settled] = evidence.lines('settled');
  return evidence.lines('replica').flatMap(({ region, stream, commits }) =>
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

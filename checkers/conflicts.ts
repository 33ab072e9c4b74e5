// Every conflict is shown, with all that it is against, and nothing else is.
import type { Checker } from './evidence/evidence.ts';
import { isEqual, show } from './evidence/json.ts';
import { showDot } from './evidence/version.ts';
import { type Conflict, conflictsOf } from './reference/fold.ts';

/** The conflicts that Regions show, compared with what the stored commits say. */
export const conflicts: Checker = (evidence) => {
  const stored = new Map(evidence.lines('replica').map((line) => [`${line.region} ${line.stream}`, line]));
  return evidence.lines('conflicts').flatMap(({ region, stream, conflicts: shown }) => {
    const commits = stored.get(`${region} ${stream}`)?.commits;
    if (!commits) return [];
    // What a log may take does not conflict with what another one takes.
    const counts = ({ twice }: Conflict): boolean => twice || evidence.typeOf(stream)?.kind !== 'escrow';
    const expected = conflictsOf(commits).filter(counts);
    const found = shown.map(({ against, twice, ...dot }) => ({
      dot: showDot(dot),
      twice,
      against: against.map(showDot),
    }));
    if (isEqual(found, expected)) return [];
    const what = `${region} shows the conflicts ${show(found)} of ${stream}, whose commits have ${show(expected)}`;
    return [{ property: 'conflicts are shown', what, ops: [], streams: [stream] }];
  });
};

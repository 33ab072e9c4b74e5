// Every conflict is shown, with all that it is against, and nothing else is.
import type { Checker, Evidence } from './evidence/evidence.ts';
import { isEqual, show } from './evidence/json.ts';
import { showDot } from './evidence/version.ts';
import type { HistoryCommit, LineOf } from './history.ts';
import { type Conflict, conflictsOf } from './reference/fold.ts';

/** The conflicts that Regions show, compared with what the stored commits say. */
export const conflicts: Checker = (evidence) => {
  const stored = commitsIn(evidence);
  return evidence.lines('conflicts').flatMap(({ region, stream, conflicts: shown }) => {
    const commits = stored.get(`${region} ${stream}`);
    if (!commits) return [];
    const expected = expectedOf(evidence, stream, commits);
    const found = shown.map(shownAs);
    if (isEqual(found, expected)) return [];
    const what = `${region} shows the conflicts ${show(found)} of ${stream}, whose commits have ${show(expected)}`;
    return [{ property: 'conflicts are shown', what, ops: [], streams: [stream] }];
  });
};

/** The conflicts that Regions list of all streams, compared with what the stored commits say, and with what each stream shows. */
export const ledger: Checker = (evidence) => {
  const stored = commitsIn(evidence);
  const open = new Map(evidence.lines('conflicts').map((line) => [line.stream, openIn(line.conflicts)]));
  return evidence.lines('ledger').flatMap(({ region, conflicts: listed }) => {
    const byStream = Map.groupBy(listed, ({ stream }) => stream);
    const streams = evidence.lines('replica').filter((line) => line.region === region);
    return streams.flatMap(({ stream }) => {
      const own = byStream.get(stream) ?? [];
      const [found, expected] = [
        own.map(shownAs).sort(byDot),
        [...expectedOf(evidence, stream, stored.get(`${region} ${stream}`) ?? [])].sort(byDot),
      ];
      const [foundOpen, expectedOpen] = [openIn(own), open.get(stream) ?? openIn(own)];
      if (isEqual(found, expected) && isEqual(foundOpen, expectedOpen)) return [];
      const what =
        `${region} lists the conflicts ${show(found)} of ${stream}, whose commits have ${show(expected)}, ` +
        `and as open ${show(foundOpen)} of ${show(expectedOpen)}`;
      return [{ property: 'conflicts are listed', what, ops: [], streams: [stream] }];
    });
  });
};

/** The commits in each replica, by Region and stream. */
function commitsIn(evidence: Evidence): ReadonlyMap<string, readonly HistoryCommit[]> {
  return new Map(evidence.lines('replica').map(({ region, stream, commits }) => [`${region} ${stream}`, commits]));
}

/** What a log may take does not conflict with what another one takes. */
function expectedOf(evidence: Evidence, stream: string, commits: readonly HistoryCommit[]): readonly Conflict[] {
  return conflictsOf(commits)
    .filter(({ twice }) => twice || evidence.typeOf(stream)?.kind !== 'escrow')
    .map(({ against, ...conflict }) => ({ ...conflict, against: against.toSorted() }));
}

type Shown = LineOf<'conflicts'>['conflicts'][number];

function shownAs({ log, position, twice, against }: Shown): Conflict {
  return { dot: showDot({ log, position }), twice, against: against.map(showDot).sort() };
}

function byDot(a: Conflict, b: Conflict): number {
  return a.dot < b.dot ? -1 : 1;
}

function openIn(shown: readonly Shown[]): readonly string[] {
  return shown
    .filter(({ open }) => open)
    .map(showDot)
    .sort();
}

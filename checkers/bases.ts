// What commits were based on: what their writers named, or else everything that the writing Region had.
import type { Checker } from './evidence/evidence.ts';
import type { Append } from './evidence/requests.ts';
import type { Stored } from './evidence/stored.ts';
import { covers, dominates, positionIn, sameVersion, showDot, showVersion, type Version } from './evidence/version.ts';
import type { HistoryCommit, Violation } from './history.ts';

/** The contexts of commits, compared with what their requests asked for. */
export const bases: Checker = (evidence) => {
  const { stored } = evidence;
  const requested = evidence.requests.appends.flatMap((append) => {
    const each = stored.get(append.stream);
    const isHome = evidence.typeOf(append.stream)?.mode === 'home';
    return each ? (append.commits ?? []).flatMap((commit) => baseOf(append, each, commit, isHome)) : [];
  });
  const held = [...stored.values()].flatMap((each) =>
    evidence.typeOf(each.stream)?.mode === 'home' ? each.visible.flatMap((commit) => behind(each.stream, commit)) : [],
  );
  return [...requested, ...held];
};

function baseOf(append: Append, stored: Stored, commit: HistoryCommit, isHome: boolean): readonly Violation[] {
  const { stream, id, tries } = append;
  const violation = (property: string, what: string) => [
    {
      property,
      what: `${id} at ${showDot(commit)} of ${stream} ${what}`,
      ops: tries.map(({ op }) => op),
      streams: [stream],
    },
  ];
  const base = showVersion(commit.context);
  if (isHome) {
    if (tries.some(({ expected }) => !expected || isExactly(stored, expected, commit.context))) return [];
    return violation(
      'exact version',
      `was expected at ${showVersion(tries[0]?.expected ?? {})}, and is based on ${base}`,
    );
  }
  if (tries.some(({ basedOn }) => basedOn && sameVersion(basedOn, commit.context))) return [];
  if (tries.every(({ basedOn }) => basedOn))
    return violation('based on', `was based on ${showVersion(tries[0]?.basedOn ?? {})}, and its context is ${base}`);
  return behind(stream, commit);
}

/** Whether a context is what was expected: nothing but positions without events may follow. */
function isExactly({ visible }: Stored, expected: Version, context: Version): boolean {
  return (
    dominates(context, expected) &&
    !visible.some((commit) => commit.events.length > 0 && covers(context, commit) && !covers(expected, commit))
  );
}

/** Without a named version, a commit is based on everything before it in its log. */
function behind(stream: string, commit: HistoryCommit): readonly Violation[] {
  const { log, position, context } = commit;
  if (positionIn(context, log) >= position - 1) return [];
  const what = `${showDot(commit)} of ${stream} is based on ${showVersion(context)}, without what its Region wrote before`;
  return [{ property: 'linear log', what, ops: [], streams: [stream] }];
}

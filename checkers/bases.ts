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
    const type = evidence.typeOf(append.stream);
    // What a log may take is decided on all of it: the version that was named is only waited for.
    const base = type?.kind === 'escrow' ? behindNamed : baseOf;
    return each ? (append.commits ?? []).flatMap((commit) => base(append, each, commit, type?.mode !== 'merge')) : [];
  });
  const held = [...stored.values()].flatMap((each) =>
    evidence.typeOf(each.stream)?.mode !== 'merge' ? each.visible.flatMap((commit) => behind(each.stream, commit)) : [],
  );
  return [...requested, ...held];
};

function baseOf(append: Append, stored: Stored, commit: HistoryCommit, isExpected: boolean): readonly Violation[] {
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
  if (isExpected) {
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

function behindNamed({ stream, id, tries }: Append, _stored: Stored, commit: HistoryCommit): readonly Violation[] {
  const isAtLeast = tries.some(({ basedOn = {} }) => dominates(commit.context, basedOn));
  const what = `${id} at ${showDot(commit)} of ${stream} is based on ${showVersion(commit.context)}, behind what was named`;
  const early = { property: 'based on', what, ops: tries.map(({ op }) => op), streams: [stream] };
  return [...(isAtLeast ? [] : [early]), ...behind(stream, commit)];
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

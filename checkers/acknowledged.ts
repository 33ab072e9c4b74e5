// No acknowledged commit is lost or doubled, a refused one is nowhere, none comes from nowhere, and no dot has two contents.

import { attemptIn } from './evidence/attempt.ts';
import type { Checker } from './evidence/evidence.ts';
import { isEqual, show } from './evidence/json.ts';
import type { Append, Requests } from './evidence/requests.ts';
import { isRemembered, type Stored, writtenAt } from './evidence/stored.ts';
import { covers, type Dot, showDot } from './evidence/version.ts';
import type { HistoryCommit, LineOf, Violation } from './history.ts';

/** The answers to appends, compared with what is stored in the end. */
export const acknowledged: Checker = (evidence) => {
  const { stored, requests } = evidence;
  return [
    ...requests.appends.flatMap((append) => {
      const replicas = stored.get(append.stream);
      return replicas ? [...lost(append, replicas), ...refused(append)] : [];
    }),
    ...[...stored.values()].flatMap((each) => [
      ...twoContents(each),
      ...doubled(each, !evidence.mayHaveCopies(each.stream)),
    ]),
    ...elsewhere(evidence.lines('history'), stored),
    ...shownAgain(requests, evidence.lines('read')),
    ...mistaken(requests),
    ...invented(requests, stored),
  ];
};

function lost({ stream, id, tries }: Append, { replicas }: Stored): readonly Violation[] {
  return tries.flatMap(({ op, result, dot, effect }) => {
    if (result !== 'ok' || !dot) return [];
    return replicas.flatMap((replica) => {
      const found = replica.commits.find((commit) => isAt(commit, dot));
      const wrong = found ? differenceTo(found, id, effect) : 'nothing';
      if (wrong === undefined) return [];
      const what = `${id} was acknowledged at ${showDot(dot)} of ${stream}, where ${replica.region} has ${wrong}`;
      return { property: 'no lost commit', what, ops: [op], streams: [stream] };
    });
  });
}

function isAt(commit: Dot, { log, position }: Dot): boolean {
  return commit.position === position && commit.log === log;
}

/** What a stored commit is instead of what was acknowledged; undefined if it is that. */
function differenceTo(
  { commitId, state, events }: HistoryCommit,
  id: string,
  effect: LineOf<'append'>['effect'],
): string | undefined {
  if (commitId !== id) return `a commit of ${commitId}`;
  if (state !== 'visible') return `a commit that is ${state}`;
  const effects = events.map((event) => event.effect);
  return isEqual(effects, [effect]) ? undefined : `${show(effects)} instead of ${show([effect])}`;
}

function refused({ stream, id, tries, commits = [] }: Append): readonly Violation[] {
  if (tries.some(({ result }) => result !== 'refused')) return [];
  return commits.map((commit) => ({
    property: 'no refused commit',
    what: `${id} was refused, and is committed at ${showDot(commit)} of ${stream}`,
    ops: tries.map(({ op }) => op),
    streams: [stream],
  }));
}

function twoContents(stored: Stored): readonly Violation[] {
  const { stream, replicas } = stored;
  return replicas.flatMap(({ region, commits }) =>
    commits.flatMap((commit) => {
      const first = stored.at(commit);
      if (!first || isEqual(first, commit)) return [];
      const what = `${showDot(commit)} of ${stream} is ${show(commit)} in ${region}, and elsewhere ${show(first)}`;
      return { property: 'one content of a dot', what, ops: [], streams: [stream] };
    }),
  );
}

/**
 * Copies of a commit that must not exist. Only on `merge` streams, and where homes were forced to move, another Region may write one, as long as it has not seen the first. The
 * fold has to ignore it then.
 */
function doubled({ stream, visible }: Stored, hasNoCopies: boolean): readonly Violation[] {
  const earlier = new Map<string, HistoryCommit[]>();
  return visible.flatMap((commit) => {
    const copies = earlier.get(commit.commitId) ?? [];
    earlier.set(commit.commitId, [...copies, commit]);
    const wrong = copies.find(
      (copy) =>
        isRemembered(writtenAt(copy), writtenAt(commit)) &&
        (hasNoCopies || copy.log === commit.log || covers(commit.context, copy)),
    );
    if (!wrong) return [];
    const what = `${commit.commitId} is committed at ${showDot(wrong)} and again at ${showDot(commit)} of ${stream}`;
    return [{ property: 'no doubled commit', what, ops: [], streams: [stream] }];
  });
}

/** The commits of a `home` stream are written in its home, if the header names that home. */
function elsewhere(headers: readonly LineOf<'history'>[], stored: ReadonlyMap<string, Stored>): readonly Violation[] {
  return headers
    .flatMap(({ homes = {} }) => Object.entries(homes))
    .flatMap(([stream, home]) =>
      (stored.get(stream)?.visible ?? []).flatMap((commit) => {
        if (commit.region === home) return [];
        const what = `${commit.region} has written ${showDot(commit)} of ${stream}, whose home is ${home}`;
        return { property: 'one home', what, ops: [], streams: [stream] };
      }),
    );
}

/** A Region that has shown a commit to a reader does not write another one of the same id. */
function shownAgain({ appends }: Requests, reads: readonly LineOf<'read'>[]): readonly Violation[] {
  return appends.flatMap(({ stream, id, tries, commits = [] }) => {
    if (commits.length < 2) return [];
    return commits.flatMap((commit) => {
      const own = tries.filter(({ region }) => region === commit.region);
      const begin = Math.min(...own.map((each) => each.begin));
      const before = reads.filter(
        (read) => read.stream === stream && read.region === commit.region && Number(read.end) < begin,
      );
      const copy = commits.find(
        (other) => other.log !== commit.log && before.some(({ version = {} }) => covers(version, other)),
      );
      if (!copy || own.length === 0) return [];
      const what = `${commit.region} had shown ${showDot(copy)} of ${stream}, and wrote ${id} again at ${showDot(commit)}`;
      return { property: 'no doubled commit', what, ops: own.map(({ op }) => op), streams: [stream] };
    });
  });
}

/** An id that was used for one request only does not belong to another one. */
function mistaken({ appends }: Requests): readonly Violation[] {
  const requests = Map.groupBy(appends, ({ stream, id }) => `${stream} ${id}`);
  return [...requests.values()].flatMap((same) => {
    const [only, ...others] = same;
    if (!only || others.length > 0) return [];
    return only.tries.flatMap(({ op, stream, id, code }) => {
      if (code !== 'id-reused') return [];
      const what = `${id} was refused on ${stream} as the id of another request, and there is none`;
      return { property: 'known ids', what, ops: [op], streams: [stream] };
    });
  });
}

/** Commits that no request asked for. */
function invented({ appends, transactions }: Requests, stored: ReadonlyMap<string, Stored>): readonly Violation[] {
  const asked = new Set([
    ...appends.map(({ stream, id }) => `${stream} ${id}`),
    ...transactions.flatMap(({ id, tries }) =>
      tries.flatMap(({ participants, checks }) => [...participants, ...checks].map(({ stream }) => `${stream} ${id}`)),
    ),
  ]);
  if (asked.size === 0) return [];
  return [...stored.values()].flatMap(({ stream, visible }) =>
    visible.flatMap((commit) => {
      const { commitId, repair } = commit;
      // A repair is asked for by no client.
      if (repair) return [];
      const id = attemptIn(commitId)?.id ?? commitId;
      if (asked.has(`${stream} ${commitId}`) || asked.has(`${stream} ${id}`)) return [];
      const what = `${showDot(commit)} of ${stream} is a commit of ${commitId}, which was not sent to it`;
      return { property: 'no invented commit', what, ops: [], streams: [stream] };
    }),
  );
}

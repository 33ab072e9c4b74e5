// Session guarantees: what reads show, compared with what was read and written before.

import { attemptIn } from './evidence/attempt.ts';
import type { Checker, Evidence } from './evidence/evidence.ts';
import { show } from './evidence/json.ts';
import type { StreamType } from './evidence/names.ts';
import type { Stored } from './evidence/stored.ts';
import {
  covers,
  type Dot,
  dominates,
  joined,
  lacking,
  showDot,
  showVersion,
  type Version,
} from './evidence/version.ts';
import type { LineOf, Violation } from './history.ts';
import { foldOf } from './reference/fold.ts';
import { keyOf, type State } from './reference/kinds.ts';

type Read = LineOf<'read'>;
type Append = LineOf<'append'>;

/** Something that a Region has shown or written by a time, and that every later read there has to show. */
interface Known {
  readonly op: number;
  readonly session: string;
  readonly at: number;
  readonly version: Version;
  readonly property: 'monotonic reads' | 'read your writes';
}

/** What reads show, and the versions that appends return. */
export const sessions: Checker = (evidence) => {
  const { stored } = evidence;
  const reads = evidence.lines('read').filter(({ result }) => result === 'ok');
  const appends = evidence.lines('append').filter(({ result }) => result === 'ok');
  const shown = shownIn(evidence);
  const states = [...stored.values()].flatMap((each) => {
    const type = evidence.typeOf(each.stream);
    return type ? statesOf(shown.get(each.stream) ?? [], type, each) : [];
  });
  return [
    ...reads.flatMap(behindAtLeast),
    ...appends.flatMap((append) => behindItself(append, stored.get(append.stream))),
    ...states,
    ...goneBack(evidence),
  ];
};

function behindAtLeast({ op, stream, region, atLeast, version }: Read): readonly Violation[] {
  if (!atLeast || !version || dominates(version, atLeast)) return [];
  const what = `${region} was asked for at least ${showVersion(atLeast)} of ${stream}, and showed ${showVersion(version)}`;
  return [{ property: 'reads at least', what, ops: [op], streams: [stream] }];
}

/** The version that an append returns covers its commit, and what that was based on. */
function behindItself({ op, stream, dot, basedOn, expected, version }: Append, stored?: Stored): readonly Violation[] {
  if (!version || !dot) return [];
  // An earlier request with the id may have written the commit, based on something else.
  const base = stored?.at(dot)?.context ?? basedOn ?? expected ?? {};
  if (covers(version, dot) && dominates(version, base)) return [];
  const what = `${showDot(dot)} of ${stream}, based on ${showVersion(base)}, returned the version ${showVersion(version)}`;
  return [{ property: 'version of an append', what, ops: [op], streams: [stream] }];
}

/** A state that a client was shown, with its version. */
interface Shown {
  readonly op: number;
  readonly region: string;
  readonly version: Version;
  readonly state: unknown;
}

/** Every state that was shown is the fold of what its version covers, and that is closed under what its writers had seen. */
function statesOf(shown: readonly Shown[], { kind }: StreamType, stored: Stored): readonly Violation[] {
  const { stream, commits } = stored;
  const folds = new Map<string, State>();
  return shown.flatMap(({ op, region, version, state }) => {
    const violation = (property: string, what: string) => [{ property, what, ops: [op], streams: [stream] }];
    const at = showVersion(version);
    const gone = Object.entries(version).find(([log, position]) => position > 0 && !stored.has({ log, position }));
    if (gone)
      return violation(
        'shown is kept',
        `${region} showed ${stream} at ${at}, and in the end ${gone.join('@')} is gone`,
      );
    const early = commits.find((commit) => covers(version, commit) && !dominates(version, commit.context));
    if (early) {
      const needs = showVersion(early.context);
      return violation('causal reads', `${region} showed ${showDot(early)} of ${stream}, based on ${needs}, at ${at}`);
    }
    const expected = folds.get(at) ?? foldOf(kind, commits, version);
    folds.set(at, expected);
    if (keyOf(kind, expected) === keyOf(kind, state)) return [];
    return violation(
      'state of a version',
      `${region} showed ${show(state)} for ${stream} at ${at}, whose commits fold to ${show(expected)}`,
    );
  });
}

/** By stream. */
function shownIn(evidence: Evidence): ReadonlyMap<string, readonly Shown[]> {
  const reads = evidence
    .lines('read')
    .flatMap(({ op, region, stream, result, version, state }) =>
      result === 'ok' && version && state !== undefined ? [{ op, region, stream, version, state }] : [],
    );
  const checks = evidence
    .lines('transact')
    .flatMap(({ op, region, checks }) =>
      checks.flatMap((check) => (check.state === undefined ? [] : [{ op, region, ...check }])),
    );
  return Map.groupBy([...reads, ...checks], ({ stream }) => stream);
}

/** Reads that do not show what the same Region has shown or written before they began. */
function goneBack(evidence: Evidence): readonly Violation[] {
  const reads = evidence.lines('read').filter(({ result, version }) => result === 'ok' && version);
  const known = knownIn(evidence);
  return [...Map.groupBy(reads, placeOf)].flatMap(([place, here]) => {
    const facts = (known.get(place) ?? []).toSorted((a, b) => a.at - b.at);
    let next = 0;
    let before: Version = {};
    return here
      .toSorted((a, b) => a.begin - b.begin)
      .flatMap((read) => {
        for (let fact = facts[next]; fact && fact.at < read.begin; fact = facts[++next])
          before = joined(before, fact.version);
        // What ends and begins in the same millisecond has an order only within a session.
        const now = facts
          .slice(next)
          .filter(({ at, session, op }) => at === read.begin && session === read.session && op < read.op);
        const wanted = now.reduce((version, fact) => joined(version, fact.version), before);
        return read.local ? [] : missingIn(evidence, read, wanted, [...facts.slice(0, next), ...now]);
      });
  });
}

function placeOf({ region, stream }: { readonly region: string; readonly stream: string }): string {
  return `${region} ${stream}`;
}

function missingIn(evidence: Evidence, read: Read, wanted: Version, facts: readonly Known[]): readonly Violation[] {
  const { op, region, stream, version = {} } = read;
  const missing = lacking(version, wanted);
  const fact = missing && facts.find((one) => covers(one.version, missing));
  if (!fact) return [];
  const commit = evidence.stored.get(stream)?.at(missing);
  const isOfTransaction = commit !== undefined && attemptIn(commit.commitId) !== undefined;
  if (isOfTransaction && evidence.mayLackDecision(read)) return [];
  const what = `${region} showed ${showVersion(version)} of ${stream}, without ${showDot(missing)}, which operation ${fact.op} showed or wrote there before`;
  return [{ property: fact.property, what, ops: [fact.op, op], streams: [stream] }];
}

/** By Region and stream. */
function knownIn(evidence: Evidence): ReadonlyMap<string, readonly Known[]> {
  const { stored } = evidence;
  const known = new Map<string, Known[]>();
  const add = (place: string, fact: Known): void => {
    const facts = known.get(place);
    if (facts) facts.push(fact);
    else known.set(place, [fact]);
  };
  for (const read of evidence.lines('read')) {
    const { op, session, end, version, result } = read;
    if (result === 'ok' && end !== undefined && version)
      add(placeOf(read), { op, session, at: end, version, property: 'monotonic reads' });
  }
  for (const { op, session, end, result, stream, dot } of evidence.lines('append')) {
    if (result !== 'ok' || end === undefined || !dot) continue;
    // A retry may be answered by a Region that has only received the commit: it has to be shown where it was written.
    const region = stored.get(stream)?.at(dot)?.region;
    if (region !== undefined) add(placeOf({ region, stream }), written({ op, session, end }, dot));
  }
  for (const { op, session, end, result, id, participants } of evidence.lines('transact')) {
    if (result !== 'ok' || end === undefined) continue;
    for (const { stream } of participants)
      for (const commit of stored.get(stream)?.commitsOfTransaction(id) ?? [])
        add(placeOf({ region: commit.region, stream }), written({ op, session, end }, commit));
  }
  return known;
}

function written(
  { op, session, end }: { readonly op: number; readonly session: string; readonly end: number },
  { log, position }: Dot,
): Known {
  return { op, session, at: end, version: { [log]: position }, property: 'read your writes' };
}

import type { HistoryCommit, LineOf } from '../../checkers/history.ts';
import { wallTimeOf } from '../../core/facts/hlc.ts';
import { FAILED, type KindName, TARGET, THIRD } from './kinds.ts';
import { USE_NAMES, type UseName } from './load.ts';
import type { Run } from './run.ts';

/** What was sent in some Regions in some time, and what came of it. */
export interface Share {
  readonly sent: number;
  /** At the first try, or when its client sent it again within seconds. By the bus: in the end. */
  readonly accepted: number;
}

/** What clients that need one thing saw during an outage, or after the homes were moved. */
export interface Figures {
  /** Sent in the failed Region, and in the others. */
  readonly failed: Share;
  readonly elsewhere: Share;
  /** How often requests were answered otherwise, by code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Milliseconds of the longest wait for an answer that accepts, from the first try; by the bus: for the commit. */
  readonly longestWait: number;
}

/** What is known of an operation: all tries of one id. */
interface Operation {
  readonly use: UseName;
  readonly id: string;
  readonly region: string;
  readonly begin: number;
  readonly codes: readonly string[];
  /** When it was accepted; undefined: never, as far as its client knows. By the bus: when it was committed. */
  readonly accepted: number | undefined;
  /** The log that an accepted append was put in. */
  readonly log: string | undefined;
  readonly streams: readonly string[];
}

type Line = LineOf<'append'> | LineOf<'transact'>;

/** The operations of a run in the order of their first tries. */
function operationsOf(run: Run): readonly Operation[] {
  const lines = run.history.filter((line): line is Line => line.line === 'append' || line.line === 'transact');
  const committed = new Map(commitsIn(run).map(({ commit }) => [commit.commitId, wallTimeOf(commit.hlc) - run.epoch]));
  return [...Map.groupBy(lines, ({ id }) => id)].flatMap(([id, tries]) => {
    const [first] = tries;
    const use = run.uses.get(id);
    if (!first || !use) return [];
    const ok = tries.find(({ result }) => result === 'ok');
    return {
      ...{ use, id, region: first.region, begin: first.begin },
      codes: tries.flatMap(({ result, code }) => (result === 'ok' || code === undefined ? [] : [named(code)])),
      accepted: use === 'bus' ? committed.get(id) : ok?.end,
      log: ok?.line === 'append' ? ok.dot?.log : undefined,
      streams: first.line === 'append' ? [first.stream] : first.participants.map(({ stream }) => stream),
    };
  });
}

/** A transaction whose outcome was promised, and not known yet when it was last asked for, has the code of that answer. */
function named(code: string): string {
  return /^2\d\d$/.test(code) ? 'undecided' : code;
}

interface Stored {
  readonly region: string;
  readonly stream: string;
  readonly commit: HistoryCommit;
}

/** What every Region that is left has in the end. */
function commitsIn({ history }: Run): readonly Stored[] {
  return replicasIn({ history }).flatMap(({ region, stream, commits }) =>
    commits.filter(({ state }) => state === 'visible').map((commit) => ({ region, stream, commit })),
  );
}

function replicasIn({ history }: Pick<Run, 'history'>): readonly LineOf<'replica'>[] {
  return history.filter((line): line is LineOf<'replica'> => line.line === 'replica');
}

/** Milliseconds at the end of a time that do not count: what was sent then is sent again after it. */
const EDGE_MS = 5_000;

/** The figures of a use, of the operations whose first try was from one time to shortly before another. */
function figuresOf(operations: readonly Operation[], use: UseName, from: number, until: number): Figures {
  const those = operations.filter((each) => each.use === use && each.begin >= from && each.begin < until - EDGE_MS);
  const share = (own: readonly Operation[]): Share => ({
    sent: own.length,
    accepted: own.filter(({ accepted }) => accepted !== undefined).length,
  });
  const codes: Record<string, number> = {};
  for (const code of those.flatMap((each) => each.codes)) codes[code] = (codes[code] ?? 0) + 1;
  const waits = those.flatMap(({ accepted, begin }) => (accepted === undefined ? [] : [accepted - begin]));
  return {
    failed: share(those.filter(({ region }) => region === FAILED)),
    elsewhere: share(those.filter(({ region }) => region !== FAILED)),
    codes: Object.fromEntries(Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1))),
    longestWait: Math.round(Math.max(0, ...waits)),
  };
}

/** What was acknowledged, and is in the end not everywhere. */
export interface Losses {
  /** Acknowledged, and in no Region that is left: no part of it. */
  readonly lost: number;
  /** The same and the incomplete ones, by use; those that are 0 are left out. */
  readonly lostByUse: Readonly<Partial<Record<UseName, number>>>;
  /** Milliseconds from the first of these acknowledgements to the outage. */
  readonly window: number;
  /** Transactions that were acknowledged as committed, and lack a part in every Region that is left. */
  readonly incomplete: number;
  /** Acknowledged, and in some of the Regions that are left, but not in all. */
  readonly partly: number;
  /** Commits that a Region stores and does not show, because it lacks one that their writer had seen. */
  readonly hidden: number;
}

function lossesOf(run: Run, operations: readonly Operation[]): Losses {
  const regions = new Set(replicasIn(run).map(({ region }) => region)).size;
  const places = new Map<string, number>();
  for (const { stream, commit } of commitsIn(run)) {
    const key = `${commit.commitId.replace(/#\d+$/, '')} ${stream}`;
    places.set(key, (places.get(key) ?? 0) + 1);
  }
  const found = operations
    .filter(({ accepted, use }) => accepted !== undefined && use !== 'bus')
    .map((operation) => ({
      operation,
      counts: operation.streams.map((stream) => places.get(`${operation.id} ${stream}`) ?? 0),
    }));
  const lost = found.filter(({ counts }) => counts.every((count) => count === 0));
  const incomplete = found.filter(({ counts }) => counts.includes(0) && counts.some((count) => count > 0));
  const partly = found.filter(({ counts }) => !counts.includes(0) && counts.some((count) => count < regions));
  const all = [...lost, ...incomplete];
  const lostByUse = Object.fromEntries(
    [...Map.groupBy(all, ({ operation }) => operation.use)].map(([use, those]) => [use, those.length]),
  );
  const first = Math.min(...all.flatMap(({ operation: { accepted } }) => accepted ?? []));
  return {
    lostByUse,
    ...{ lost: lost.length, incomplete: incomplete.length, partly: partly.length },
    window: Number.isFinite(first) ? Math.round(run.times.start - first) : 0,
    hidden: replicasIn(run).reduce(
      (sum, { commits, version }) => sum + commits.filter(({ log, position }) => position > (version[log] ?? 0)).length,
      0,
    ),
  };
}

/** What happened to the events of what was acknowledged from the outage on: to their subscribers in a Region. */
export interface Events {
  /** Milliseconds from the acknowledgement until a subscriber had handled the event, at most. */
  readonly longest: number;
  /** Events that no subscriber has handled there. */
  readonly missing: number;
}

function eventsOf({ history, times }: Run, isThere: (region: string) => boolean): Events {
  const acknowledged = history.flatMap((line) =>
    line.line === 'append' && line.dot && line.end !== undefined
      ? [{ ...line.dot, stream: line.stream, end: line.end }]
      : [],
  );
  const handled = new Map<string, number>();
  for (const line of history)
    if (line.line === 'handled' && line.subscriber === 'tally' && isThere(line.region))
      handled.set(`${line.region} ${line.stream} ${line.log} ${line.position}`, line.at);
  const regions = replicasIn({ history }).map(({ region }) => region);
  let [longest, missing] = [0, 0];
  for (const region of new Set(regions.filter(isThere)))
    for (const { stream, log, position, end } of acknowledged) {
      const at = handled.get(`${region} ${stream} ${log} ${position}`);
      if (at === undefined) missing++;
      else if (end >= times.start) longest = Math.max(longest, at - end);
    }
  return { longest: Math.round(longest), missing };
}

/** Milliseconds from the command until an append to one of the streams that were moved was accepted by their new writer. */
export interface Rto {
  readonly first: number;
  /** Until each Region that is left had accepted one. */
  readonly everywhere: number;
}

function rtoOf({ times: { command } }: Run, operations: readonly Operation[]): Rto | undefined {
  if (command === undefined) return undefined;
  const those = operations.filter(
    ({ use, log, accepted = 0 }) => use === 'home-failed' && log === TARGET && accepted >= command,
  );
  const firsts = [TARGET, THIRD].map((region) =>
    Math.min(...those.flatMap((each) => (each.region === region ? [(each.accepted ?? 0) - command] : []))),
  );
  return { first: Math.round(Math.min(...firsts)), everywhere: Math.round(Math.max(...firsts)) };
}

/** What a kind of outage has shown, by use. */
export interface Measured extends Losses {
  readonly kind: KindName;
  /** From the outage until the homes were moved, or it ended. */
  readonly meanwhile: Readonly<Record<UseName, Figures>>;
  /** From the command on, until it ended. */
  readonly moved?: Readonly<Record<UseName, Figures>>;
  /** After the end; for homes that were moved: after the command that brings them back. */
  readonly after?: Readonly<Record<UseName, Figures>>;
  readonly rto?: Rto;
  /** Milliseconds from the end until every Region had all commits. */
  readonly equalAfter?: number;
  /** Commits of the failed Region that the new writer had not got when the homes were moved by force. */
  readonly unseen?: number;
  /** Conflicts of `home` streams that are listed in the end. */
  readonly conflicts: number;
  /** In the failed Region, unless it is lost, and in the others. */
  readonly events: { readonly failed?: Events; readonly elsewhere: Events };
  /** Messages that an operator has sent again. */
  readonly resent: Run['resent'];
  readonly broken: Run['broken'];
}

/** Measures a run. */
export function measure(run: Run): Measured {
  const { kind, times, history, equalAfter, unseen, resent, broken } = run;
  const { start, command, end, back, finish } = times;
  const operations = operationsOf(run);
  const of = (from: number, until: number) =>
    Object.fromEntries(USE_NAMES.map((use) => [use, figuresOf(operations, use, from, until)])) as Record<
      UseName,
      Figures
    >;
  const isMovedAtOnce = command === start;
  const rto = rtoOf(run, operations);
  const isLost = !replicasIn(run).some(({ region }) => region === FAILED);
  return {
    kind,
    meanwhile: of(start, isMovedAtOnce ? (end ?? finish) : (command ?? end ?? finish)),
    ...(command !== undefined && !isMovedAtOnce && { moved: of(command, end ?? finish) }),
    ...(end !== undefined && { after: of(back ?? end, finish + EDGE_MS) }),
    ...(rto && { rto }),
    ...(equalAfter !== undefined && { equalAfter: Math.round(equalAfter) }),
    ...(unseen !== undefined && { unseen }),
    ...lossesOf(run, operations),
    conflicts: Math.max(0, ...history.flatMap((line) => (line.line === 'ledger' ? [homeConflictsIn(line)] : []))),
    events: {
      ...(!isLost && { failed: eventsOf(run, (region) => region === FAILED) }),
      elsewhere: eventsOf(run, (region) => region !== FAILED),
    },
    resent,
    broken,
  };
}

function homeConflictsIn({ conflicts }: LineOf<'ledger'>): number {
  return conflicts.filter(({ stream }) => /^(account|list)\//.test(stream)).length;
}

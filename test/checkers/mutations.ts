// Single changes of a history that break a promise.
import type { History, HistoryCommit, Line, LineOf } from '../../checkers/history.ts';
import { initialOf, mayChangeNothing } from '../../checkers/reference/kinds.ts';
import { stampAt, TYPES } from './a-history.ts';

interface Mutation {
  /** @param choice which of the places that it fits */
  readonly mutate: (history: History, choice: number) => History | undefined;
  /** The properties that it breaks, any of them. */
  readonly shows: RegExp;
}

/** Changes one line of a kind. @param change returns undefined where it does not fit */
function one<Name extends Line['line']>(
  name: Name,
  change: (line: LineOf<Name>, history: History) => LineOf<Name> | undefined,
): Mutation['mutate'] {
  const isNamed = (line: Line): line is LineOf<Name> => line.line === name;
  return (history, choice) => {
    const fitting = history.flatMap((line, i) => {
      const changed = isNamed(line) ? change(line, history) : undefined;
      return changed ? [{ i, changed }] : [];
    });
    const picked = fitting[choice % Math.max(1, fitting.length)];
    return picked && history.with(picked.i, picked.changed);
  };
}

/** Removes one line of a kind. */
function without<Name extends Line['line']>(name: Name, fits: (line: LineOf<Name>) => boolean): Mutation['mutate'] {
  const isNamed = (line: Line): line is LineOf<Name> => line.line === name;
  return (history, choice) => {
    const fitting = history.flatMap((line, i) => (isNamed(line) && fits(line) ? [i] : []));
    const picked = fitting[choice % Math.max(1, fitting.length)];
    return picked === undefined ? undefined : history.toSpliced(picked, 1);
  };
}

/** Changes one commit in every Region. */
function everywhere(
  change: (commit: HistoryCommit, stream: string, history: History) => HistoryCommit | undefined,
): Mutation['mutate'] {
  return (history, choice) => {
    const fitting = history.flatMap((line) =>
      line.line === 'replica'
        ? line.commits
            .filter((commit) => change(commit, line.stream, history))
            .map((commit) => ({ commit, stream: line.stream }))
        : [],
    );
    const picked = fitting[choice % Math.max(1, fitting.length)];
    if (!picked) return undefined;
    const isPicked = ({ log, position }: HistoryCommit) =>
      log === picked.commit.log && position === picked.commit.position;
    return history.map((line) =>
      line.line === 'replica' && line.stream === picked.stream
        ? {
            ...line,
            commits: line.commits.map((each) => (isPicked(each) ? (change(each, line.stream, history) ?? each) : each)),
          }
        : line,
    );
  };
}

/** Adds a commit to the end of a log, in every Region. */
function added(make: (last: HistoryCommit, stream: string) => Partial<HistoryCommit> | undefined): Mutation['mutate'] {
  return (history, choice) => {
    const replicas = history.filter((line) => line.line === 'replica');
    const fitting = replicas.flatMap(({ stream, commits }) => {
      const last = commits.at(-1);
      const more = last && make(last, stream);
      return last && more ? [{ stream, last, more }] : [];
    });
    const picked = fitting[choice % Math.max(1, fitting.length)];
    if (!picked) return undefined;
    const { last, more, stream } = picked;
    return history.map((line) => {
      if (line.line !== 'replica' || line.stream !== stream) return line;
      const position = line.commits.filter(({ log }) => log === last.log).length + 1;
      const events = last.events.map((event) => ({ ...event, id: `${event.id}+` }));
      const commit = { ...last, position, hlc: stampAt(9_000_000), context: line.version, events, ...more };
      return { ...line, commits: [...line.commits, commit], version: { ...line.version, [last.log]: position } };
    });
  };
}

/** Adds a line at the end. */
function more(make: (history: History) => readonly Line[]): Mutation['mutate'] {
  return (history, choice) => {
    const lines = make(history);
    const line = lines[choice % Math.max(1, lines.length)];
    return line && [...history, line];
  };
}

function isAcknowledged(history: History, stream: string, { log, position }: HistoryCommit): boolean {
  return history.some(
    (line) =>
      line.line === 'append' && line.stream === stream && line.dot?.log === log && line.dot.position === position,
  );
}

/** A read in the home, after everything, that shows nothing. */
function emptyReads(history: History): readonly Line[] {
  const [header] = history;
  if (header?.line !== 'history') return [];
  return history.flatMap((line): readonly Line[] => {
    if (line.line !== 'append' || line.result !== 'ok' || !line.dot) return [];
    const { stream, op } = line;
    const region = header.homes?.[stream];
    const type = Object.entries(TYPES).find(([name]) => stream.startsWith(`${name}/`))?.[1];
    if (region === undefined || !type) return [];
    const times = { begin: 900_000, end: 900_001 };
    return [
      {
        line: 'read',
        op: op + 1000,
        session: 'late',
        region,
        ...times,
        stream,
        result: 'ok',
        version: {},
        state: initialOf(type.kind),
      },
    ];
  });
}

const isPart = ({ commitId, events, state }: HistoryCommit) =>
  commitId.includes(':t') && events.length > 0 && state === 'visible';

export const mutations: Readonly<Record<string, Mutation>> = {
  'a Region lacks a commit': {
    mutate: one('replica', (line) => {
      const [last] = line.commits.slice(-1);
      if (!last) return undefined;
      return {
        ...line,
        commits: line.commits.slice(0, -1),
        version: { ...line.version, [last.log]: last.position - 1 },
      };
    }),
    shows: /^convergence$/,
  },
  'an acknowledged commit is gone everywhere': {
    mutate: everywhere((commit, stream, history) =>
      isAcknowledged(history, stream, commit) ? { ...commit, state: 'aborted' } : undefined,
    ),
    shows: /^no lost commit$/,
  },
  'a commit has another stamp in one Region': {
    mutate: one('replica', (line) => {
      const [first, ...others] = line.commits;
      return first && { ...line, commits: [{ ...first, hlc: '0000000000000001' }, ...others] };
    }),
    shows: /^one content of a dot$/,
  },
  'an append is committed again': {
    mutate: added(({ commitId }) => (commitId.startsWith('a') ? { commitId } : undefined)),
    shows: /^no doubled commit$/,
  },
  'a commit comes from nowhere': {
    mutate: added(() => ({ commitId: 'nobody', state: 'visible' })),
    shows: /^no invented commit$/,
  },
  'an acknowledged append was refused': {
    mutate: (history, choice) => {
      const appends = history.filter((line) => line.line === 'append');
      const single = appends.filter(({ dot, id }) => dot && appends.filter((other) => other.id === id).length === 1);
      const picked = single[choice % Math.max(1, single.length)];
      return picked && history.map((line) => (line === picked ? { ...picked, result: 'refused' } : line));
    },
    shows: /^no refused commit$/,
  },
  'a version covers less than what is stored': {
    mutate: one('replica', (line) => (line.commits.length > 0 ? { ...line, version: {} } : undefined)),
    shows: /^version of what is stored$/,
  },
  'a position is missing': {
    mutate: one('replica', (line) =>
      line.commits.length > 1 ? { ...line, commits: line.commits.slice(1) } : undefined,
    ),
    shows: /^(no gaps|version of what is stored)$/,
  },
  'a Region shows another state in the end': {
    mutate: one('replica', (line) => ({ ...line, state: [-17] })),
    shows: /^reference fold$/,
  },
  'a read shows another state': {
    mutate: one('read', (line) =>
      line.result === 'ok' && Object.keys(line.version ?? {}).length > 0 ? { ...line, state: [-17] } : undefined,
    ),
    shows: /^state of a version$/,
  },
  'a read shows less than it was asked for': {
    mutate: one('read', (line) =>
      line.result === 'ok' && Object.keys(line.version ?? {}).length > 0
        ? { ...line, atLeast: { ...line.version, 'us-east-1': 99 } }
        : undefined,
    ),
    shows: /^reads at least$/,
  },
  'a read in the home does not show what was acknowledged': {
    mutate: more(emptyReads),
    shows: /^(read your writes|monotonic reads)$/,
  },
  'a read in the home does not show what was acknowledged, and the order in time is looked at': {
    mutate: more((history) =>
      emptyReads(history).filter((line) => line.line === 'read' && line.stream.startsWith('list/')),
    ),
    shows: /^(lost update|G-single-realtime|G2-realtime)$/,
  },
  'a list does not show what was acknowledged, and its operations are put in order': {
    mutate: more((history) =>
      emptyReads(history).filter((line) => line.line === 'read' && line.stream.startsWith('list/')),
    ),
    shows: /^linearizable$/,
  },
  'a Region shows a list in another order': {
    mutate: one('replica', (line) =>
      line.stream.startsWith('list/') && Array.isArray(line.state) && line.state.length > 1
        ? { ...line, state: line.state.toReversed() }
        : undefined,
    ),
    shows: /^incompatible order$/,
  },
  'a commit was decided without what its Region had': {
    mutate: everywhere((commit) =>
      commit.position > 1 &&
      commit.region === 'us-east-1' &&
      commit.state === 'visible' &&
      !commit.commitId.startsWith('a')
        ? { ...commit, context: {} }
        : undefined,
    ),
    shows: /^linear log$/,
  },
  'one part of a transaction is missing': {
    mutate: everywhere((commit) =>
      // What may turn out to change nothing need not be there.
      isPart(commit) && commit.events.some(({ effect }) => !mayChangeNothing(effect))
        ? { ...commit, state: 'aborted' }
        : undefined,
    ),
    shows: /^atomic$/,
  },
  'a part of a transaction has another effect': {
    mutate: everywhere((commit) =>
      isPart(commit)
        ? { ...commit, events: commit.events.map((event) => ({ ...event, effect: { do: 'write', value: -1 } })) }
        : undefined,
    ),
    shows: /^atomic$/,
  },
  'a transaction is committed by two attempts': {
    mutate: added((last) => (isPart(last) ? { commitId: last.commitId.replace(/#\d$/, '#9') } : undefined)),
    shows: /^one attempt$/,
  },
  'an outcome changes': {
    mutate: (history) => {
      const first = history.find((line) => line.line === 'outcome');
      const state = first?.state === 'aborted' ? 'committed' : 'aborted';
      return first && [...history, { ...first, at: first.at + 100, state }];
    },
    shows: /^one outcome$/,
  },
  'an outcome is forgotten': {
    mutate: more((history) =>
      history.flatMap((line) =>
        line.line === 'outcome' ? [{ ...line, at: line.at + 100, state: 'unknown' as const }] : [],
      ),
    ),
    shows: /^outcome is kept$/,
  },
  'a promise is not kept': {
    mutate: (history) => {
      const promised = history.find((line) => line.line === 'transact' && line.promised !== undefined);
      return promised && history.filter((line) => line.line !== 'outcome');
    },
    shows: /^promise is kept$/,
  },
  'an intent is left': {
    mutate: one('replica', (line) => {
      const [last] = line.commits.slice(-1);
      return last && { ...line, commits: line.commits.with(-1, { ...last, state: 'prepared' }) };
    }),
    shows: /^no open intent$/,
  },
  'a stamp is below what came before': {
    mutate: everywhere((commit) => (commit.position > 1 ? { ...commit, hlc: '0000000000000000' } : undefined)),
    shows: /^stamps follow causality$/,
  },
  'a view shows something else': {
    mutate: one('view', ({ values, ...line }) => {
      const [key] = Object.keys(values);
      return key === undefined ? undefined : { ...line, values: { ...values, [key]: 1234 } };
    }),
    shows: /^views equal folds$/,
  },
  'an event is not handled': { mutate: without('handled', () => true), shows: /^each event is handled$/ },
  'an event is handled too early': {
    mutate: one('handled', (line, history) => {
      const isBefore = (other: Line) =>
        other.line === 'handled' &&
        other.stream === line.stream &&
        other.log === line.log &&
        other.position < line.position;
      return history.some(isBefore) ? { ...line, at: 0 } : undefined;
    }),
    shows: /^events in order$/,
  },
  'an event counts twice': {
    mutate: one('tallied', ({ counts, ...line }) => {
      const [event] = Object.keys(counts);
      return event === undefined ? undefined : { ...line, counts: { ...counts, [event]: 2 } };
    }),
    shows: /^each event counts once$/,
  },
  'it does not settle': {
    mutate: one('settled', ({ at: _never, ...line }) => line),
    shows: /^liveness$/,
  },
  'a message is given up': {
    mutate: one('settled', (line) => ({ ...line, deadLetters: { relay: 1 } })),
    shows: /^no dead letter$/,
  },
  'an operation takes too much': { mutate: one('cost', (line) => ({ ...line, writes: 9 })), shows: /^cost$/ },
};

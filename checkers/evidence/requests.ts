// Appends and transactions: operations with the same id are tries of one request, which takes effect at most once.
import type { HistoryCommit, LineOf } from '../history.ts';
import { mayChangeNothing } from '../reference/kinds.ts';
import { canonical, isEqual } from './json.ts';
import type { Stored } from './stored.ts';

/** What is known of a request in the end; `open`: it may have taken effect, or may not. */
export type Fate = 'committed' | 'none' | 'open';

interface Request {
  readonly id: string;
  readonly fate: Fate;
  /** It took effect after this time, if it did. */
  readonly begin: number;
  /** It took effect before this time; infinity: there was no acknowledgment. */
  readonly end: number;
}

/** The tries of an append to a stream. */
export interface Append extends Request {
  readonly stream: string;
  readonly tries: readonly LineOf<'append'>[];
  /** Its visible commits; undefined if it is not known what is stored of the stream. */
  readonly commits: readonly HistoryCommit[] | undefined;
}

/** The tries of a transaction. */
export interface Transaction extends Request {
  readonly tries: readonly LineOf<'transact'>[];
  /** What Regions said of it. */
  readonly outcomes: readonly LineOf<'outcome'>[];
}

export interface Requests {
  readonly appends: readonly Append[];
  readonly transactions: readonly Transaction[];
}

/** What requests are known by. */
interface Lines {
  readonly appends: readonly LineOf<'append'>[];
  readonly transactions: readonly LineOf<'transact'>[];
  readonly outcomes: readonly LineOf<'outcome'>[];
}

/** All requests of a history, and the result of each, by the answers, by outcomes, and by what is stored. */
export function requestsOf(lines: Lines, stored: ReadonlyMap<string, Stored>): Requests {
  // The same id with another effect is another request: at most one of them is taken.
  const appends = Map.groupBy(lines.appends, ({ stream, id, effect }) => `${stream} ${id} ${canonical(effect)}`);
  const transactions = Map.groupBy(lines.transactions, ({ id }) => id);
  const outcomes = Map.groupBy(lines.outcomes, ({ id }) => id);
  return {
    appends: [...appends.values()].flatMap((tries) => appendOf(tries, stored)),
    transactions: [...transactions].map(([id, tries]) => transactionOf(id, tries, outcomes.get(id) ?? [], stored)),
  };
}

function appendOf(tries: readonly LineOf<'append'>[], stored: ReadonlyMap<string, Stored>): readonly Append[] {
  const [first] = tries;
  if (!first) return [];
  const { stream, id, effect } = first;
  const commits = stored
    .get(stream)
    ?.commitsOf(id)
    .filter(({ events }) => events.every((event) => isEqual(event.effect, effect)));
  const fate = tries.some((each) => each.result === 'ok' && !changedNothing(each))
    ? 'committed'
    : commits
      ? fateBy(commits.length > 0)
      : fateByAnswers(tries);
  return [{ stream, id, tries, commits, fate, ...spanOf(tries) }];
}

function transactionOf(
  id: string,
  tries: readonly LineOf<'transact'>[],
  outcomes: readonly LineOf<'outcome'>[],
  stored: ReadonlyMap<string, Stored>,
): Transaction {
  const { begin, end } = spanOf(tries);
  const committed = outcomes.filter(({ state }) => state === 'committed').map(({ at }) => at);
  const fate =
    committed.length > 0 || tries.some(({ result }) => result === 'ok')
      ? 'committed'
      : outcomes.some(({ state }) => state === 'aborted') || fateByAnswers(tries) === 'none'
        ? 'none'
        : fateByStreams(id, tries, stored);
  return { id, tries, outcomes, fate, begin, end: Math.min(end, ...committed) };
}

function fateByStreams(id: string, tries: readonly LineOf<'transact'>[], stored: ReadonlyMap<string, Stored>): Fate {
  const streams = new Set(tries.flatMap(({ participants }) => participants.map(({ stream }) => stream)));
  const replicas = [...streams].flatMap((stream) => stored.get(stream) ?? []);
  if (replicas.some((each) => each.commitsOfTransaction(id).length > 0)) return 'committed';
  return streams.size > 0 && replicas.length === streams.size ? 'none' : 'open';
}

function fateBy(isThere: boolean): Fate {
  return isThere ? 'committed' : 'none';
}

function fateByAnswers(tries: readonly { readonly result: string }[]): Fate {
  return tries.every(({ result }) => result === 'refused') ? 'none' : 'open';
}

function spanOf(tries: readonly (LineOf<'append'> | LineOf<'transact'>)[]): Pick<Request, 'begin' | 'end'> {
  const writers = tries.filter(mayHaveWritten);
  const acknowledged = writers.filter(({ result }) => result === 'ok');
  return {
    begin: Math.min(...writers.map(({ begin }) => begin)),
    end: Math.min(...acknowledged.map(({ end }) => end ?? Number.POSITIVE_INFINITY)),
  };
}

/** Whether a try may be the one that took effect. */
export function mayHaveWritten(each: LineOf<'append'> | LineOf<'transact'>): boolean {
  return each.result !== 'refused' && !(each.line === 'append' && changedNothing(each));
}

/** Whether an append was accepted, and wrote nothing. */
export function changedNothing({ result, dot, effect }: LineOf<'append'>): boolean {
  return result === 'ok' && dot === undefined && mayChangeNothing(effect);
}

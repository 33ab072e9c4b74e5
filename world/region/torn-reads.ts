import { keyOrder } from '../../adapters/store-rules/key-order.ts';
import type { Commit, CommitsPage, EventsTable, FirstCommits, VersionVector } from '../../core/index.ts';

/** The reads of the events that take several pages, or read many items. */
export type TornReads = Pick<EventsTable, 'load' | 'loadFirst' | 'loadLog' | 'scan'>;

/** What chance decides about a torn read. */
export interface Tear {
  /** The time between the pages. */
  readonly pause: () => Promise<void>;
  /** How many of so many items, in the order of their keys, are read before it. */
  readonly early: (count: number) => number;
}

/**
 * Reads that have their first items from an earlier time than the rest. Where DynamoDB needs several queries, one for
 * every log that the version names and one for the logs between two of those, each of them is torn for itself.
 */
export function tornReads(events: TornReads, tear: Tear): TornReads {
  const twice = async <T>(read: () => Promise<T>): Promise<readonly [T, T]> => {
    const early = await read();
    await tear.pause();
    return [early, await read()];
  };
  return {
    load: async (stream, after = {}) => {
      const [early, late] = await twice(() => events.load(stream, after));
      return splicedByQuery(early, late, after, tear);
    },
    loadFirst: async (stream, after, limit) =>
      splicedByLog(...(await twice(() => events.loadFirst(stream, after, limit))), tear),
    loadLog: async (stream, log, after) => {
      const [early, late] = await twice(() => events.loadLog(stream, log, after));
      return spliced(early, late, tear);
    },
    scan: async (...request) => splicedPage(...(await twice(() => events.scan(...request))), tear),
  };
}

type Commits = readonly Commit[];

function splicedByQuery(early: Commits, late: Commits, after: VersionVector, tear: Tear): Commits {
  const named = Object.keys(after);
  const queryOf = ({ log }: Commit): string =>
    Object.hasOwn(after, log) ? log : String(named.filter((name) => name < log).length);
  const [earlyBy, lateBy] = [Map.groupBy(early, queryOf), Map.groupBy(late, queryOf)];
  return [...new Set([...earlyBy.keys(), ...lateBy.keys()])].flatMap((query) =>
    spliced(earlyBy.get(query) ?? [], lateBy.get(query) ?? [], tear),
  );
}

/** Each log is one page. */
function splicedByLog(early: FirstCommits, late: FirstCommits, tear: Tear): FirstCommits {
  const logs = [...new Set([...early.commits, ...late.commits].map(({ log }) => log))].sort();
  const [first, rest] = halves(logs, tear);
  return {
    commits: [
      ...early.commits.filter(({ log }) => first.includes(log)),
      ...late.commits.filter(({ log }) => rest.includes(log)),
    ],
    cut: [...early.cut.filter((log) => first.includes(log)), ...late.cut.filter((log) => rest.includes(log))],
  };
}

/** The page ends where the later read ends, so that no item is on the next page too. */
function splicedPage(early: CommitsPage, late: CommitsPage, tear: Tear): CommitsPage {
  const last = late.cursor === undefined ? undefined : late.commits.at(-1);
  const within = last ? early.commits.filter((commit) => byKey(commit, last) <= 0) : early.commits;
  return { ...late, commits: spliced(within, late.commits, tear) };
}

/**
 * The first items of an early read, and what a later one has after them: a page ends at an item that is there when it is read, so what is
 * written behind that item meanwhile is on the next page.
 */
function spliced(early: Commits, late: Commits, tear: Tear): Commits {
  const sorted = early.toSorted(byKey);
  const count = tear.early(sorted.length + 1);
  // The early read had a single page.
  if (count > sorted.length) return early;
  const last = sorted[count - 1];
  return [...sorted.slice(0, count), ...late.filter((commit) => !last || byKey(commit, last) > 0)];
}

function halves<T>(all: readonly T[], { early }: Tear): readonly [readonly T[], readonly T[]] {
  const count = early(all.length);
  return [all.slice(0, count), all.slice(count)];
}

function byKey(a: Commit, b: Commit): number {
  return keyOrder(a.stream, b.stream) || keyOrder(a.log, b.log) || a.position - b.position;
}

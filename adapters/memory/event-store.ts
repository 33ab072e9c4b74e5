import * as z from 'zod';
import {
  type Commit,
  type Decision,
  type EventsTable,
  type IntentKey,
  isOlder,
  shardOf,
  versionCovers,
} from '../../core/index.ts';
import { checkFinal } from '../store-rules/check-final.ts';
import { checkItem, checkWrite } from '../store-rules/check-write.ts';
import { cursorOf } from '../store-rules/cursor.ts';
import { keyOrder } from '../store-rules/key-order.ts';
import { frozenCopy } from './frozen.ts';
import { segmentPage } from './segment-page.ts';

/** The `events` table of one Region, in memory. Returned commits and outcomes are deeply frozen. */
export interface MemoryEventStore extends EventsTable {
  /**
   * Adds a commit of another Region, as global tables do: a new commit, or an intent that has become final there. No
   * effect if the stored commit is the same or newer.
   */
  replicate(commit: Commit): void;
  /** Adds the outcome of a one-Region transaction that another Region ran. */
  replicateDecision(decision: Decision): void;
}

/**
 * A record of the table's stream: a commit, with its previous state unless it is new; or a new outcome of a one-Region
 * transaction.
 */
export type EventsChange =
  | { readonly commit: Commit; readonly before?: Commit | undefined }
  | { readonly oneRegionDecision: Decision };

/**
 * @param onChange called with every change, own or replicated, once it can be read; it stands for the table's stream
 */
export function memoryEventStore(onChange: (change: EventsChange) => void = () => {}): MemoryEventStore {
  /** The commits of each stream, by log and position. */
  const streams = new Map<string, Commit[]>();
  /**
   * Sorted stream names, updated when `scan` needs them. Streams are never removed, so equal counts mean equal names.
   */
  let names: readonly string[] = [];
  /** Outcomes by transaction. */
  const decisions = new Map<string, Decision>();

  const commitsOf = (stream: string): Commit[] => {
    const known = streams.get(stream);
    if (known) return known;
    const none: Commit[] = [];
    streams.set(stream, none);
    return none;
  };

  /** @returns the commit at a position, if any */
  const holderOf = ({ stream, log, position }: Omit<IntentKey, 'commitId'>): Commit | undefined => {
    const commits = streams.get(stream) ?? [];
    const commit = commits[placeOf(commits, log, position)];
    return commit?.log === log && commit.position === position ? commit : undefined;
  };

  const insert = (commit: Commit): void => {
    const commits = commitsOf(commit.stream);
    commits.splice(placeOf(commits, commit.log, commit.position), 0, commit);
    onChange({ commit });
  };

  const replace = (before: Commit, commit: Commit): void => {
    const commits = commitsOf(commit.stream);
    commits[placeOf(commits, commit.log, commit.position)] = commit;
    onChange({ commit, before });
  };

  /** @returns the existing outcome, if any */
  const keep = (decision: Decision): Decision | undefined => {
    const there = decisions.get(decision.transaction);
    if (there) return there;
    decisions.set(decision.transaction, decision);
    onChange({ oneRegionDecision: decision });
    return undefined;
  };

  return {
    load: async (stream, after = {}) => (streams.get(stream) ?? []).filter((commit) => !versionCovers(after, commit)),
    loadFirst: async (stream, after, limit) => {
      const behind = (streams.get(stream) ?? []).filter((commit) => !versionCovers(after, commit));
      const logs = [...Map.groupBy(behind, ({ log }) => log)];
      return {
        commits: logs.flatMap(([, commits]) => commits.slice(0, limit)),
        cut: logs.filter(([, commits]) => commits.length > limit).map(([log]) => log),
      };
    },
    loadLog: async (stream, log, after) => {
      const commits = streams.get(stream) ?? [];
      return commits.slice(placeOf(commits, log, after + 1), placeOf(commits, log, Number.POSITIVE_INFINITY));
    },
    scan: async (segment, segments, cursor, limit) => {
      if (names.length < streams.size) names = [...streams.keys()].sort(keyOrder);
      const from = cursor === undefined ? undefined : cursors.decode(cursor);
      const begun = (from && streams.get(from.stream)) ?? [];
      const after = from && { name: from.stream, left: begun.slice(placeOf(begun, from.log, from.position + 1)) };
      const request = { segment, segments, limit, after };
      const { items: commits, end } = segmentPage(names, (name) => streams.get(name) ?? [], request);
      // The last page of a segment has its outcomes.
      const outcomes = end
        ? []
        : [...decisions].filter(([id]) => shardOf(segments, id) === segment).map(([, decision]) => decision);
      return { commits, outcomes, cursor: end && cursors.encode(end) };
    },
    put: async (commit) => {
      // A commit as it is drafted is frozen, and no larger than a commit may be.
      const stored = Object.isFrozen(commit) ? commit : frozenCopy(commit, checkItem);
      const holder = holderOf(stored);
      if (!holder) insert(stored);
      return holder;
    },
    at: async (stream, log, position) => holderOf({ stream, log, position }),
    finalise: async (intent, state) => {
      const there = holderOf(intent);
      if (there?.commitId === intent.commitId && there.tx?.state === 'prepared')
        replace(there, frozenCopy({ ...there, tx: { ...there.tx, state } }));
      else checkFinal(there, intent, state);
    },
    mark: async (intent, next) => {
      const there = holderOf(intent);
      const isOpen = there?.commitId === intent.commitId && there.tx?.state === 'prepared';
      if (isOpen && there.tx && (!there.tx.next || isOlder(next, there.tx.next)))
        replace(there, frozenCopy({ ...there, tx: { ...there.tx, next } }));
      return holderOf(intent);
    },
    transact: async (write) => {
      checkWrite(write);
      const { commits, free, decision } = frozenCopy(write);
      const kept = decisions.get(decision.transaction);
      const taken = [...commits, ...free].flatMap((position) => holderOf(position) ?? []);
      if (kept || taken.length > 0) return { ...(kept && { decision: kept }), taken, contended: [] };
      for (const commit of commits) insert(commit);
      keep(decision);
      return undefined;
    },
    findDecision: async (transaction) => decisions.get(transaction),
    putDecision: async (decision) => keep(frozenCopy(decision, checkItem)),
    replicate: (commit) => {
      // Commits of other Regions are not copied: their own store has frozen them, so all Regions share one copy.
      const stored = Object.isFrozen(commit) ? commit : frozenCopy(commit);
      const holder = holderOf(stored);
      if (!holder) insert(stored);
      else if (holder.tx?.state === 'prepared' && stored.tx && stored.tx.state !== 'prepared') replace(holder, stored);
    },
    replicateDecision: (decision) => {
      keep(Object.isFrozen(decision) ? decision : frozenCopy(decision));
    },
  };
}

/** The end of a scan's page. */
const cursors = cursorOf(z.object({ stream: z.string(), log: z.string(), position: z.number() }));

/** Finds the index of the first commit that is not before (log, position), by binary search. */
function placeOf(commits: readonly Commit[], log: string, position: number): number {
  let low = 0;
  let high = commits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const commit = commits[middle];
    if (commit && (commit.log < log || (commit.log === log && commit.position < position))) low = middle + 1;
    else high = middle;
  }
  return low;
}

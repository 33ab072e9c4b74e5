import { isDeepStrictEqual } from 'node:util';
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
import {
  isLaterWrite,
  type Replica,
  stamping,
  stampOfCommit,
  stampOfDecision,
  type WriteStamp,
} from './last-writer.ts';
import { segmentPage } from './segment-page.ts';

/** The `events` table of one Region, in memory. Returned commits and outcomes are deeply frozen. */
export interface MemoryEventStore extends EventsTable {
  /**
   * Stores a commit that another Region has written, or another state of it, as global tables do: it replaces whatever
   * has its position, unless that was written later. A change to the same content is not reported.
   * @param write @default what the commit itself shows
   */
  replicate(commit: Commit, write?: WriteStamp): void;
  /** Stores the outcome of a one-Region transaction that another Region has written, in the same way. */
  replicateDecision(decision: Decision, write?: WriteStamp): void;
  /** All items, with when they were written. */
  items(): readonly EventsItem[];
  /** Removes a commit without a record of it, as damage would: no process deletes one. */
  lose(place: Omit<IntentKey, 'commitId'>): void;
}

/** An item of the table. */
export interface EventsItem {
  readonly change: EventsChange;
  readonly write: WriteStamp;
}

/** A record of the table's stream: a commit, or the outcome of a one-Region transaction, with what it replaces. */
export type EventsChange =
  | { readonly commit: Commit; readonly before?: Commit | undefined }
  | { readonly oneRegionDecision: Decision; readonly before?: Decision | undefined };

export interface MemoryEventStoreOptions extends Replica {
  /** Called with every change, own or replicated, once it can be read. It stands for the table's stream. */
  readonly onChange?: (change: EventsChange, write: WriteStamp) => void;
}

export function memoryEventStore({ onChange = () => {}, ...replica }: MemoryEventStoreOptions = {}): MemoryEventStore {
  const stampAfter = stamping(replica);
  const streams = new Map<string, StreamItems>();
  /**
   * Sorted stream names, updated when `scan` needs them. Streams are never removed, so equal counts mean equal names.
   */
  let names: readonly string[] = [];
  /** Outcomes by transaction. */
  const outcomes = new Map<string, StoredOutcome>();

  const commitsOf = (stream: string): readonly Commit[] => streams.get(stream)?.commits ?? [];

  /** @returns the commit at a position, if any, and when it was written */
  const holderOf = ({ stream, log, position }: Omit<IntentKey, 'commitId'>): Held | undefined => {
    const items = streams.get(stream);
    if (!items) return undefined;
    const place = placeOf(items.commits, log, position);
    const [commit, write] = [items.commits[place], items.writes[place]];
    return commit?.log === log && commit.position === position && write ? { commit, write } : undefined;
  };

  const insert = (commit: Commit, write: WriteStamp): void => {
    const items = streams.get(commit.stream) ?? { commits: [], writes: [] };
    streams.set(commit.stream, items);
    const place = placeOf(items.commits, commit.log, commit.position);
    items.commits.splice(place, 0, commit);
    items.writes.splice(place, 0, write);
    onChange({ commit }, write);
  };

  /** A change to the same content is not reported. */
  const replace = (before: Commit, commit: Commit, write: WriteStamp): void => {
    const items = streams.get(commit.stream);
    const place = placeOf(items?.commits ?? [], commit.log, commit.position);
    items?.commits.splice(place, 1, commit);
    items?.writes.splice(place, 1, write);
    if (!isDeepStrictEqual(before, commit)) onChange({ commit, before }, write);
  };

  /** @returns the existing outcome, if any */
  const keep = (decision: Decision): Decision | undefined => {
    const there = outcomes.get(decision.transaction);
    if (there) return there.decision;
    const write = stampAfter();
    outcomes.set(decision.transaction, { decision, write });
    onChange({ oneRegionDecision: decision }, write);
    return undefined;
  };

  return {
    load: async (stream, after = {}) => commitsOf(stream).filter((commit) => !versionCovers(after, commit)),
    loadFirst: async (stream, after, limit) => {
      const behind = commitsOf(stream).filter((commit) => !versionCovers(after, commit));
      const logs = [...Map.groupBy(behind, ({ log }) => log)];
      return {
        commits: logs.flatMap(([, commits]) => commits.slice(0, limit)),
        cut: logs.filter(([, commits]) => commits.length > limit).map(([log]) => log),
      };
    },
    loadLog: async (stream, log, after) => {
      const commits = commitsOf(stream);
      return commits.slice(placeOf(commits, log, after + 1), placeOf(commits, log, Number.POSITIVE_INFINITY));
    },
    scan: async (segment, segments, cursor, limit) => {
      if (names.length < streams.size) names = [...streams.keys()].sort(keyOrder);
      const from = cursor === undefined ? undefined : cursors.decode(cursor);
      const begun = from ? commitsOf(from.stream) : [];
      const after = from && { name: from.stream, left: begun.slice(placeOf(begun, from.log, from.position + 1)) };
      const request = { segment, segments, limit, after };
      const { items: commits, end } = segmentPage(names, commitsOf, request);
      // The last page of a segment has its outcomes.
      const found = end
        ? []
        : [...outcomes].filter(([id]) => shardOf(segments, id) === segment).map(([, { decision }]) => decision);
      return { commits, outcomes: found, cursor: end && cursors.encode(end) };
    },
    put: async (commit) => {
      // A commit as it is drafted is frozen, and no larger than a commit may be.
      const stored = Object.isFrozen(commit) ? commit : frozenCopy(commit, checkItem);
      const holder = holderOf(stored);
      if (!holder) insert(stored, stampAfter());
      return holder?.commit;
    },
    at: async (stream, log, position) => holderOf({ stream, log, position })?.commit,
    taken: async (places) => places.map((place) => holderOf(place) !== undefined),
    finalise: async (intent, state) => {
      const held = holderOf(intent);
      const there = held?.commit;
      if (there?.commitId === intent.commitId && there.tx?.state === 'prepared')
        replace(there, frozenCopy({ ...there, tx: { ...there.tx, state } }), stampAfter(held?.write));
      else checkFinal(there, intent, state);
    },
    mark: async (intent, next) => {
      const held = holderOf(intent);
      const there = held?.commit;
      const isOpen = there?.commitId === intent.commitId && there.tx?.state === 'prepared';
      if (isOpen && there.tx && (!there.tx.next || isOlder(next, there.tx.next)))
        replace(there, frozenCopy({ ...there, tx: { ...there.tx, next } }), stampAfter(held?.write));
      return holderOf(intent)?.commit;
    },
    transact: async (write) => {
      checkWrite(write);
      const { commits, free, decision } = frozenCopy(write);
      const kept = outcomes.get(decision.transaction)?.decision;
      const taken = [...commits, ...free].flatMap((position) => holderOf(position)?.commit ?? []);
      if (kept || taken.length > 0) return { ...(kept && { decision: kept }), taken, contended: [] };
      for (const commit of commits) insert(commit, stampAfter());
      keep(decision);
      return undefined;
    },
    findDecision: async (transaction) => outcomes.get(transaction)?.decision,
    putDecision: async (decision) => keep(frozenCopy(decision, checkItem)),
    replicate: (commit, write = stampOfCommit(commit)) => {
      // Commits of other Regions are not copied: their own store has frozen them, so all Regions share one copy.
      const stored = Object.isFrozen(commit) ? commit : frozenCopy(commit);
      const holder = holderOf(stored);
      if (!holder) insert(stored, write);
      else if (isLaterWrite(write, holder.write)) replace(holder.commit, stored, write);
    },
    items: () => [
      ...[...streams.values()].flatMap(({ commits, writes }) =>
        commits.flatMap((commit, i) => (writes[i] ? [{ change: { commit }, write: writes[i] }] : [])),
      ),
      ...[...outcomes.values()].map(({ decision, write }) => ({ change: { oneRegionDecision: decision }, write })),
    ],
    lose: ({ stream, log, position }) => {
      const items = streams.get(stream);
      const place = placeOf(items?.commits ?? [], log, position);
      const [commit] = items?.commits.slice(place, place + 1) ?? [];
      if (!items || commit?.log !== log || commit.position !== position)
        throw new Error(`There is no commit at ${stream} ${log}.${position}.`);
      items.commits.splice(place, 1);
      items.writes.splice(place, 1);
    },
    replicateDecision: (decision, write = stampOfDecision(decision)) => {
      const { transaction } = decision;
      const there = outcomes.get(transaction);
      if (there && !isLaterWrite(write, there.write)) return;
      const stored = Object.isFrozen(decision) ? decision : frozenCopy(decision);
      outcomes.set(transaction, { decision: stored, write });
      if (!isDeepStrictEqual(there?.decision, stored))
        onChange({ oneRegionDecision: stored, ...(there && { before: there.decision }) }, write);
    },
  };
}

/** The commits of a stream, by log and position, and when each was written, at the same index. */
interface StreamItems {
  readonly commits: Commit[];
  readonly writes: WriteStamp[];
}

interface Held {
  readonly commit: Commit;
  readonly write: WriteStamp;
}

interface StoredOutcome {
  readonly decision: Decision;
  readonly write: WriteStamp;
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

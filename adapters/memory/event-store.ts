import * as z from 'zod';
import { type Commit, covers, type EventStore, MeridianError, shardOf } from '../../core/index.ts';
import { cursorOf } from '../cursor.ts';
import { keyOrder } from '../key-order.ts';
import { firstBehind } from './first-behind.ts';
import { frozenCopy } from './frozen.ts';

/** The `events` table of one Region, in memory. Commits come out deeply frozen. */
export interface MemoryEventStore extends EventStore {
  /** Takes in a commit that another Region wrote, as global tables do. One that is here already changes nothing. */
  replicate(commit: Commit): void;
}

/** @param onInsert is called with every new commit, own or replicated, once it can be read: the table's stream */
export const memoryEventStore = (onInsert: (commit: Commit) => void = () => {}): MemoryEventStore => {
  /** Of every stream its commits, by log and position. */
  const streams = new Map<string, Commit[]>();
  /** Their names in order, as far as `scan` has needed it. No stream ever leaves, so equal counts mean equal names. */
  let names: readonly string[] = [];

  const commitsOf = (stream: string): Commit[] => {
    const known = streams.get(stream);
    if (known) return known;
    const none: Commit[] = [];
    streams.set(stream, none);
    return none;
  };

  /** @returns the commit at the same position, if there is one */
  const insert = (commit: Commit): Commit | undefined => {
    const commits = commitsOf(commit.stream);
    const place = placeOf(commits, commit.log, commit.position);
    const holder = commits[place];
    if (holder?.log === commit.log && holder.position === commit.position) return holder;
    // Another Region's commit, which its own store has frozen, is shared: three Regions keep it once.
    const stored = Object.isFrozen(commit) ? commit : frozenCopy(commit);
    commits.splice(place, 0, stored);
    onInsert(stored);
    return undefined;
  };

  return {
    load: async (stream, after = {}) => (streams.get(stream) ?? []).filter((commit) => !covers(after, commit)),
    loadLog: async (stream, log, after) => {
      const commits = streams.get(stream) ?? [];
      return commits.slice(placeOf(commits, log, after + 1), placeOf(commits, log, Number.POSITIVE_INFINITY));
    },
    scan: async (segment, segments, after, limit) => {
      if (names.length < streams.size) names = [...streams.keys()].sort(keyOrder);
      const from = after === undefined ? undefined : cursors.decode(after);
      const begun = (from && streams.get(from.stream)) ?? [];
      const page = from ? begun.slice(placeOf(begun, from.log, from.position + 1)) : [];
      for (const name of names.slice(from ? firstBehind(names, from.stream) : 0)) {
        if (page.length > limit) break;
        if (shardOf(segments, name) === segment) page.push(...(streams.get(name) ?? []));
      }
      const commits = page.slice(0, limit);
      const end = page.length > limit ? commits.at(-1) : undefined;
      return { commits, cursor: end && cursors.encode(end) };
    },
    put: async (commit) => insert(frozenCopy(commit, refuseAboveItemLimit)),
    replicate: (commit) => {
      insert(commit);
    },
  };
};

/** Where a page of a scan ended. */
const cursors = cursorOf(z.object({ stream: z.string(), log: z.string(), position: z.number() }));

/** DynamoDB's limit of an item, so that nothing works in memory that would not work there. */
const MAX_ITEM_BYTES = 400 * 1024;

const refuseAboveItemLimit = (bytes: number): void => {
  if (bytes > MAX_ITEM_BYTES)
    throw new MeridianError(
      'too-large',
      `The commit has ${bytes} bytes, an item ${MAX_ITEM_BYTES} at most. Send less at once.`,
    );
};

/** Index of the first commit that is not before (log, position): binary search. */
const placeOf = (commits: readonly Commit[], log: string, position: number): number => {
  let low = 0;
  let high = commits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const commit = commits[middle];
    if (commit && (commit.log < log || (commit.log === log && commit.position < position))) low = middle + 1;
    else high = middle;
  }
  return low;
};

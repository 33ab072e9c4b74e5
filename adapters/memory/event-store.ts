import { type Commit, type EventStore, MeridianError } from '../../core/index.ts';
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
    load: async (stream) => streams.get(stream)?.slice() ?? [],
    loadLog: async (stream, log, after) => {
      const commits = streams.get(stream) ?? [];
      return commits.slice(placeOf(commits, log, after + 1), placeOf(commits, log, Number.POSITIVE_INFINITY));
    },
    put: async (commit) => insert(frozenCopy(commit, refuseAboveItemLimit)),
    replicate: (commit) => {
      insert(commit);
    },
  };
};

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

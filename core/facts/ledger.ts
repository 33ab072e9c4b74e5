import { type Commit, writtenAt } from './commit.ts';
import { type Conflict, isOpen, type ReadConflict } from './conflict.ts';
import { type Dot, positionIn, type VersionVector } from './version.ts';

/** A commit that takes part in a listed conflict. */
export type ConflictingCommit = Pick<Commit, 'log' | 'position' | 'commitId' | 'region'>;

/**
 * `open`: both sides stay, until a later commit has seen them, or it waits for a repair. `resolved`: a rule has decided it, or a later
 * commit or a repair has. `superseded`: it is no conflict any more, because one of its commits turned out to be a copy of an earlier one.
 */
export type ListedStatus = 'open' | 'resolved' | 'superseded';

/** A conflict in the ledger: an index over all streams, which can always be computed again from the commits. */
export interface LedgerEntry extends Pick<ReadConflict, 'kind' | 'about' | 'branches' | 'merged'> {
  readonly stream: string;
  /** The commit that is folded last. */
  readonly commit: ConflictingCommit & Pick<Commit, 'hlc'>;
  /** When that commit was written, milliseconds since 1970, by its writer's clock. */
  readonly at: number;
  /** The commits that it conflicts with, by log. At most `MAX_LISTED_AGAINST`; the branches have all. */
  readonly against: Readonly<Record<string, readonly number[]>>;
  /** How many these are in all. */
  readonly count: number;
  readonly status: ListedStatus;
  readonly resolvedBy?: ConflictingCommit;
  /** The repair that has covered it; of an open one, the last that had seen its commit. Older code does not know it. */
  readonly repairedBy?: ConflictingCommit;
  /** What had been seen of the stream when the entry was computed. */
  readonly covered: VersionVector;
  /** 1, 2, 3 …: how often the entry was written. */
  readonly revision: number;
  /** The Region that writes the entry; no other one does. */
  readonly writer: string;
}

/** What an entry says, without how often it was written. */
export type EntryContent = Omit<LedgerEntry, 'covered' | 'revision' | 'writer'>;

/**
 * The Region that keeps the entries about the commits of a Region: the same one, so that no two write one entry. For a Region that has
 * left the deployment it is the first one.
 */
export function ledgerWriterOf(region: string, regions: readonly string[]): string {
  const [first = region] = regions;
  return regions.includes(region) ? region : first;
}

/** The most commits that an entry lists as those that its commit conflicts with: an item has 400 KB. */
export const MAX_LISTED_AGAINST = 10_000;

/** What the ledger says about a conflict. */
export function contentOf(stream: string, conflict: ReadConflict): EntryContent {
  const { commit, kind, about, against, branches, merged, resolvedBy, repairedBy } = conflict;
  return {
    ...{ stream, kind, about, branches, merged },
    commit: { ...conflicting(commit), hlc: commit.hlc },
    at: writtenAt(commit),
    against: byLog(against.slice(0, MAX_LISTED_AGAINST)),
    count: against.length,
    status: statusOf(conflict),
    ...(resolvedBy && { resolvedBy: conflicting(resolvedBy) }),
    ...(repairedBy && { repairedBy: conflicting(repairedBy) }),
  };
}

function statusOf(conflict: Conflict): ListedStatus {
  return isOpen(conflict) ? 'open' : 'resolved';
}

function conflicting({ log, position, commitId, region }: Commit): ConflictingCommit {
  return { log, position, commitId, region };
}

function byLog(dots: readonly Dot[]): Readonly<Record<string, readonly number[]>> {
  const logs = Map.groupBy(dots, ({ log }) => log);
  return Object.fromEntries([...logs].map(([log, own]) => [log, own.map(({ position }) => position)]));
}

/** The listed commits that an entry's commit conflicts with. */
export function againstIn({ against }: Pick<LedgerEntry, 'against'>): readonly Dot[] {
  return Object.entries(against).flatMap(([log, positions]) => positions.map((position) => ({ log, position })));
}

/** True if an entry says this about its conflict already. */
export function saysAlready(entry: LedgerEntry, content: EntryContent): boolean {
  return summaryOf(entry) === summaryOf(content);
}

/** All that may change of an entry. The branches follow from the commits. */
function summaryOf({ kind, about, against, count, status, ...by }: EntryContent): string {
  const { resolvedBy, repairedBy } = by;
  const places = [resolvedBy?.log, resolvedBy?.position, repairedBy?.log, repairedBy?.position];
  return JSON.stringify([kind, about, against, count, status, ...places]);
}

/** True if a commit's writer had not seen the one before it in its own log. */
export function missesOwnLog({ log, position, context }: Pick<Commit, 'log' | 'position' | 'context'>): boolean {
  return positionIn(context, log) < position - 1;
}

/** The key by which entries are listed: it sorts by time, and is the cursor of a page. */
export function listedKeyOf({ at, stream, commit: { log, position }, writer }: LedgerEntry): string {
  return `${listedTime(at)} ${stream}@${log}.${position} ${writer}`;
}

/** A time as keys begin with it. Times before 1970 or after 9999 are not those of any commit. */
export function listedTime(at: number): string {
  return new Date(Math.min(Math.max(at, 0), LAST)).toISOString();
}

const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

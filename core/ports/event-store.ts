import type { Commit } from '../facts/commit.ts';
import type { Decision, FinalState } from '../facts/decision.ts';
import type { Dot, VersionVector } from '../facts/version.ts';

/** The `events` table of this Region. */
export interface EventStore {
  /**
   * The commits of a stream that this replica holds and `after` does not cover, in any order, strongly consistent: also
   * those of logs that nobody has heard of. One Query a page, and one more for every log of `after`, side by side.
   */
  load(stream: string, after?: VersionVector): Promise<readonly Commit[]>;
  /** The commits of one log behind a position, strongly consistent. */
  loadLog(stream: string, log: string, after: number): Promise<readonly Commit[]>;
  /**
   * Takes the commit's position, if it is free: one conditional write.
   * @returns the commit that holds the position already, undefined when this one was written
   */
  put(commit: Commit): Promise<Commit | undefined>;
  /**
   * The next commits of one segment of the table, strongly consistent: what is there when the first page is asked for is on
   * one of the pages, each commit in one segment. Streams come in any order, the commits of each one after another.
   * @param segment 0 to `segments` - 1
   * @param after the cursor of the page before
   */
  scan(segment: number, segments: number, after: string | undefined, limit: number): Promise<CommitsPage>;
  /** The commit at one position, strongly consistent: one GetItem. */
  at(stream: string, log: string, position: number): Promise<Commit | undefined>;
  /**
   * Makes a prepared intent final: one conditional write. One that is final in this state already stays as it is.
   * @throws MeridianError `internal`: there is no such intent, or it is final in the other state
   */
  finalise(intent: IntentKey, state: FinalState): Promise<void>;
  /**
   * Writes a transaction whose streams are all at home here: one TransactWriteItems. Takes every commit's position, if
   * they are all free, the positions of `free` are free too, and there is no outcome under the transaction's id yet.
   * @returns undefined when all of it was written, else what was in the way: nothing was written
   */
  transact(write: OneRegionWrite): Promise<InTheWay | undefined>;
  /** The outcome of a one-Region transaction, strongly consistent; only in the Region that drives it. */
  findDecision(transaction: string): Promise<Decision | undefined>;
  /** Keeps an outcome, if there is none. @returns the one that is there already, undefined when this one was written */
  putDecision(decision: Decision): Promise<Decision | undefined>;
}

/** Names an intent. */
export type IntentKey = Pick<Commit, 'stream' | 'log' | 'position' | 'commitId'>;

export interface OneRegionWrite {
  readonly commits: readonly Commit[];
  /** What the transaction only reads: positions that have to be free still. */
  readonly free: readonly (Dot & { readonly stream: string })[];
  readonly decision: Decision;
}

/** Why a one-Region transaction was not written. */
export interface InTheWay {
  /** What is kept under its id already. */
  readonly decision?: Decision | undefined;
  /** What holds its positions. */
  readonly taken: readonly Commit[];
  /** Streams that another request was writing at that moment. */
  readonly contended: readonly string[];
}

export interface CommitsPage {
  readonly commits: readonly Commit[];
  /** Undefined: the segment ends here. A page with a cursor may be empty. */
  readonly cursor: string | undefined;
}

import type { Commit } from '../facts/commit.ts';
import type { FinalState } from '../facts/decision.ts';
import type { Waiter } from '../facts/waiter.ts';

/** The intents in the `events` table of this Region. */
export interface IntentStore {
  /** The commit at one position, strongly consistent: one GetItem. */
  at(stream: string, log: string, position: number): Promise<Commit | undefined>;
  /** Whether these positions are taken, in the same order, strongly consistent: one BatchGetItem per 100. */
  taken(places: readonly CommitPlace[]): Promise<readonly boolean[]>;
  /**
   * Makes a prepared intent final: one conditional write. Has no effect if the intent is already final in this state.
   * @throws MeridianError `internal`: there is no such intent, or it is final in the other state
   */
  finalise(intent: IntentKey, state: FinalState): Promise<void>;
  /**
   * Marks a prepared intent with the transaction that takes its stream next, if none or a younger one is marked: one
   * conditional write. The same transaction with an earlier beginning counts as an older one.
   * @returns the commit at this position now, marked or not; undefined if there is none
   */
  mark(intent: IntentKey, next: Waiter): Promise<Commit | undefined>;
}

/** A position of a stream. */
export type CommitPlace = Pick<Commit, 'stream' | 'log' | 'position'>;

/** The key of an intent. */
export type IntentKey = Pick<Commit, 'stream' | 'log' | 'position' | 'commitId'>;

import type { Commit } from '../facts/commit.ts';
import type { FinalState } from '../facts/decision.ts';

/** The intents in the `events` table of this Region. */
export interface IntentStore {
  /** The commit at one position, strongly consistent: one GetItem. */
  at(stream: string, log: string, position: number): Promise<Commit | undefined>;
  /**
   * Makes a prepared intent final: one conditional write. Has no effect if the intent is already final in this state.
   * @throws MeridianError `internal`: there is no such intent, or it is final in the other state
   */
  finalise(intent: IntentKey, state: FinalState): Promise<void>;
}

/** The key of an intent. */
export type IntentKey = Pick<Commit, 'stream' | 'log' | 'position' | 'commitId'>;

import type { Hlc } from '../facts/hlc.ts';
import type { Snapshot } from '../facts/snapshot.ts';

/**
 * The `snapshots` table: per Region, never replicated. Lost snapshots are rebuilt. A call takes at most `SNAPSHOT_MS`,
 * because the caller can continue without a snapshot.
 */
export interface SnapshotStore {
  /**
   * The newest complete snapshot of a stream: one request, or two if it is large.
   * @param codeVersion only snapshots with this `snapshots.codeVersion`
   * @param before only snapshots with a lower latest stamp
   */
  newest(stream: string, codeVersion: number, before?: Hlc): Promise<Snapshot | undefined>;
  /**
   * Stores a snapshot, and deletes the older ones of its stream, except for the last one before it. A reader gets a
   * complete snapshot or none, even if two are written at once or a writer crashes.
   * @throws Error if the state is not JSON
   */
  put(snapshot: Snapshot): Promise<void>;
  /** Deletes the snapshots of a stream with this `snapshots.codeVersion` and latest stamp. */
  drop(stream: string, codeVersion: number, latestStamp: Hlc): Promise<void>;
}

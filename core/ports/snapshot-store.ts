import type { Hlc } from '../facts/hlc.ts';
import type { Snapshot } from '../facts/snapshot.ts';

/**
 * The `snapshots` table: per Region, never replicated. What is lost here is made again. A call takes `SNAPSHOT_MS` at most,
 * since without its answer there is another way.
 */
export interface SnapshotStore {
  /**
   * The newest whole snapshot of a stream: one request, one more if it is large.
   * @param codeVersion only snapshots of this `snapshots.codeVersion`
   * @param before only snapshots with a lower latest stamp
   */
  newest(stream: string, codeVersion: number, before?: Hlc): Promise<Snapshot | undefined>;
  /**
   * Keeps a snapshot, and of its stream no others but the newest one besides, and newer ones. A reader gets all of it or
   * nothing, also when two write at once or one dies in between.
   * @throws Error when the state is not JSON
   */
  put(snapshot: Snapshot): Promise<void>;
  /** Forgets the snapshots of a stream that have this `snapshots.codeVersion` and latest stamp. */
  drop(stream: string, codeVersion: number, latestStamp: Hlc): Promise<void>;
}

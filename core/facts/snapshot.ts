import type { Commit, Stamped } from './commit.ts';
import type { Hlc } from './hlc.ts';
import type { PinAt } from './pin.ts';
import type { SealAt } from './placement.ts';
import type { VersionVector } from './version.ts';

/** The members of a seen commit that are needed to recognize a retry, and to fold its copies. */
export interface KnownCopy extends Stamped, Pick<Commit, 'commitId' | 'fingerprint' | 'digest' | 'wallTime'> {
  /**
   * Fingerprint of the copy that was folded, which may be older than every copy in the list. It differs from
   * `fingerprint` if the id was reused.
   */
  readonly countsAs: string;
  /** The version that an append of this commit returns. */
  readonly version: VersionVector;
}

/** A stream's state at a version. Folding continues from here, without the commits that it includes. */
export interface Snapshot {
  readonly stream: string;
  /** The `snapshots.codeVersion` of the definition that folded it. */
  readonly codeVersion: number;
  /** The events and schema versions that the definition knew. The state is unusable to code that knows others. */
  readonly schemaVersions: Readonly<Record<string, number>>;
  readonly version: VersionVector;
  /** The highest stamp included. */
  readonly latestStamp: Hlc;
  /** Per log, the last position with events; 0 if there is none. */
  readonly withEvents: VersionVector;
  /** Must be JSON, otherwise it cannot be stored. */
  readonly state: unknown;
  /**
   * Ids of commits written before this time may be missing from `ids`: milliseconds since 1970. Undefined in snapshots of
   * older code.
   */
  readonly idsSince?: number;
  /** The newest seal of each Region that has put one; undefined if none has. */
  readonly seals?: readonly SealAt[];
  /** The newest pin of the stream; undefined if it has none. */
  readonly pin?: PinAt;
  /** The commits within the idempotency window by commitId, with their copies in fold order. */
  readonly ids: ReadonlyMap<string, readonly KnownCopy[]>;
  /**
   * No conflict in it waits for a repair. Set for types with `reconcile`; code that did not know it, and code without `reconcile`,
   * took snapshots without regard to that.
   */
  readonly repaired?: true;
}

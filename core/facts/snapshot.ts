import type { Stamped } from './commit.ts';
import type { Hlc } from './hlc.ts';
import type { VersionVector } from './version.ts';

/** A seen commit as far as a repeated append, and the fold of one, need to know it. */
export interface KnownCopy extends Stamped {
  readonly commitId: string;
  readonly fingerprint: string;
  /** The request of the copy that counts, which may be older than any that is known: another one if the id was reused. */
  readonly countsAs: string;
  /** What an append of it is answered with. */
  readonly version: VersionVector;
}

/** A stream as it was at a version: the fold goes on from here, without the commits that are in it. */
export interface Snapshot {
  readonly stream: string;
  /** The `snapshots.codeVersion` of the definition that folded it. */
  readonly codeVersion: number;
  /** The events that the definition knew, and their versions: to code that knows others, the state says too much or too little. */
  readonly schemaVersions: Readonly<Record<string, number>>;
  readonly version: VersionVector;
  /** The highest stamp in it. */
  readonly latestStamp: Hlc;
  /** Per log its last position with events, 0 if there is none. */
  readonly withEvents: VersionVector;
  /** JSON, else it cannot be kept. */
  readonly state: unknown;
  /** The commits of the idempotency window by commitId, each one's copies in fold order. */
  readonly ids: ReadonlyMap<string, readonly KnownCopy[]>;
}

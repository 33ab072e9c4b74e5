import type { Meta } from './commit.ts';
import type { Operation } from './operation.ts';
import type { Dot, VersionVector } from './version.ts';

export interface Append {
  /** `<type>/<id>` */
  readonly stream: string;
  /** A retried append has the same id. */
  readonly commitId: string;
  readonly operation: Operation;
  /** `home` only: the exact version that the stream must be at. */
  readonly expected?: VersionVector | undefined;
  /** Its id was generated for this request, or its copies are found elsewhere: no other Region has written one. */
  readonly isNew?: true;
  /** `merge` only: the version that the caller read; it becomes the commit's context. */
  readonly basedOn?: VersionVector | undefined;
  readonly meta: Meta;
}

/** A committed append. */
export interface Appended {
  readonly stream: string;
  readonly commitId: string;
  /** The version that covers the commit and what it was based on. */
  readonly version: VersionVector;
  /** The commit's own position; undefined if the command produced no events. */
  readonly dot?: Dot | undefined;
}

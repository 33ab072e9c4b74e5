import type { Meta } from './commit.ts';
import type { Operation } from './operation.ts';
import type { Dot, VersionVector } from './version.ts';

export interface Append {
  /** `<type>/<id>` */
  readonly stream: string;
  /** The same append sent again has the same one. */
  readonly commitId: string;
  readonly operation: Operation;
  /** `home` only: the exact version that the stream has to be at. */
  readonly expected?: VersionVector | undefined;
  /** `merge` only: the version that the caller looked at; it becomes the commit's context. */
  readonly basedOn?: VersionVector | undefined;
  readonly meta: Meta;
}

/** An append that stands. */
export interface Appended {
  readonly stream: string;
  readonly commitId: string;
  /** Covers the commit and what it was based on. */
  readonly version: VersionVector;
  /** The commit's own place; undefined when the command decided that nothing changes. */
  readonly dot?: Dot | undefined;
}

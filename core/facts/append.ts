import type { Meta } from './commit.ts';
import type { Request } from './operation.ts';
import type { Dot, Version } from './version.ts';

export interface Append {
  /** `<type>/<id>` */
  readonly stream: string;
  /** The same append sent again has the same one. */
  readonly commitId: string;
  readonly request: Request;
  /** `home` only: the exact version that the stream has to be at. */
  readonly expected?: Version | undefined;
  /** `merge` only: the version that the caller looked at; it becomes the commit's context. */
  readonly basedOn?: Version | undefined;
  readonly meta: Meta;
}

/** An append that stands. */
export interface Appended {
  readonly stream: string;
  readonly commitId: string;
  /** Covers the commit and what it was based on. */
  readonly version: Version;
  /** The commit's own place; undefined when the command decided that nothing changes. */
  readonly dot?: Dot | undefined;
}

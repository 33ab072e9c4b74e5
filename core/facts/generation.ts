import type { ViewKind } from './view-entry.ts';

/**
 * The rows and totals of a view that one build made with one version of the view's code, stored apart from those of
 * every other build.
 */
export interface Generation {
  /** Of the view's code. */
  readonly codeVersion: number;
  /** Counts the view's builds in this Region: 1, 2, 3 … */
  readonly build: number;
  readonly kind: ViewKind;
  readonly shards: number;
  /** Newer code, or code that was put back, has let commits pass it by: only a new build has all of them. */
  readonly behind?: true | undefined;
}

/** How far the build of a generation has read one segment of the `events` table. */
export interface Segment {
  /** Where to read on; none: at the beginning. */
  readonly cursor?: string | undefined;
  /** The stream that was looked at last. */
  readonly last?: string | undefined;
  /** Streams looked at. */
  readonly streams: number;
  readonly done: boolean;
}

export interface Build extends Generation {
  readonly segments: readonly Segment[];
}

export interface Retired extends Generation {
  /** Since when nobody begins to use it, milliseconds since 1970. */
  readonly since: number;
}

/** The generations of a view in a Region: one is read, one may be under way, and of others some rows may be left. */
export interface Generations {
  /** Counts the writes: 1, 2, 3 …; 0 as long as nothing is stored. */
  readonly revision: number;
  /** The number of the last build. None is given twice. */
  readonly builds: number;
  readonly active: Generation;
  readonly building?: Build | undefined;
  readonly retired: readonly Retired[];
}

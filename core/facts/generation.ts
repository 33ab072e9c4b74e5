import type { ViewKind } from './view-entry.ts';

/**
 * The rows and totals of a view, made by one build with one version of the view's code. Every build's data is stored
 * separately.
 */
export interface Generation {
  /** Version of the view's code. */
  readonly codeVersion: number;
  /** Number of the build of this view in this Region: 1, 2, 3 … */
  readonly build: number;
  readonly kind: ViewKind;
  readonly shards: number;
  /** Set if newer code, or code that was rolled back, skipped commits of this generation: only a new build is complete. */
  readonly behind?: true | undefined;
  /**
   * Set if totals count the streams that contribute to them, so that a total exists exactly while a stream contributes.
   * Missing in generations of older code, whose totals exist while a sum is not 0.
   */
  readonly counts?: true | undefined;
}

/** How far a build has read one segment of the `events` table. */
export interface Segment {
  /** Where to continue; undefined: at the start of the segment. */
  readonly cursor?: string | undefined;
  /** The stream processed last. */
  readonly last?: string | undefined;
  /** Streams processed. */
  readonly streams: number;
  readonly done: boolean;
}

export interface Build extends Generation {
  readonly segments: readonly Segment[];
}

export interface Retired extends Generation {
  /** The time since which no new reader uses the generation, milliseconds since 1970. */
  readonly since: number;
}

/**
 * The generations of a view in a Region: one active, at most one being built, and retired ones, of which some rows may
 * still exist.
 */
export interface Generations {
  /** Number of writes: 1, 2, 3 …; 0 before the first. */
  readonly revision: number;
  /** Number of the latest build. Numbers are never reused. */
  readonly builds: number;
  readonly active: Generation;
  readonly building?: Build | undefined;
  readonly retired: readonly Retired[];
}

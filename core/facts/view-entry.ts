import type { VersionVector } from './version.ts';

/** What a view keeps: one row a stream, or sums across streams. */
export type ViewKind = 'rows' | 'totals';

/** Integers under a key, by field: `{ LAX: { departures: 1, delay: -19 } }`. */
export type Totals = Readonly<Record<string, Sums>>;

export type Sums = Readonly<Record<string, number>>;

/** What a view keeps of one stream: the version that it was computed at, and what it shows or contributes. */
export interface ViewEntry {
  readonly stream: string;
  readonly shard: number;
  readonly version: VersionVector;
  /** Counts the writes of the entry: 1, 2, 3 … */
  readonly revision: number;
  /** The view's row; undefined in a view of totals, and for a stream without one. */
  readonly row?: unknown;
  /** What the stream contributes to the view's totals. */
  readonly totals: Totals;
}

/** The difference that a change makes to one total. */
export interface TotalDelta {
  readonly key: string;
  readonly shard: number;
  readonly sums: Sums;
}

export interface Row {
  readonly key: string;
  readonly value: unknown;
}

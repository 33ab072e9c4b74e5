import { MAX_SORT_KEY_BYTES } from '../limits/aws.ts';
import { isCarriedText } from './carried.ts';
import { utf8Bytes } from './utf8.ts';
import type { VersionVector } from './version.ts';

/** What a view stores: one row per stream, or sums across streams. */
export type ViewKind = 'rows' | 'totals';

/** Integers by key and field: `{ LAX: { departures: 1, delay: -19 } }`. */
export type Totals = Readonly<Record<string, Sums>>;

export type Sums = Readonly<Record<string, number>>;

/** A view's data for one stream: the version that it was computed at, and its row or contribution. */
export interface ViewEntry {
  readonly stream: string;
  readonly shard: number;
  readonly version: VersionVector;
  /** Number of writes of the entry: 1, 2, 3 … */
  readonly revision: number;
  /** The view's row; undefined in a view of totals, and for a stream without one. */
  readonly row?: unknown;
  /** The stream's contribution to the view's totals. */
  readonly totals: Totals;
}

/** The change of one total. */
export interface TotalDelta {
  readonly key: string;
  readonly shard: number;
  readonly sums: Sums;
  /** The largest magnitude of a sum in the shard, from {@link maxShardSum}. */
  readonly limit: number;
  /** Missing in generations that older code started: their totals do not count who contributes. */
  readonly contributors?: Contributors;
}

/** How many streams contribute to a total, and to each of its fields, a field with 0 included; or the change of that. */
export interface Contributors {
  readonly streams: number;
  readonly fields: Sums;
}

export interface Row {
  readonly key: string;
  readonly value: unknown;
}

/** True if a delta changes a total, or who contributes to it. */
export function hasEffect({ sums, contributors }: TotalDelta): boolean {
  const { streams, fields } = contributors ?? noContributors;
  return streams !== 0 || Object.keys(sums).length > 0 || Object.keys(fields).length > 0;
}

/** The largest magnitude of a sum in one of so many shards: the sum over all of them is then a safe integer, and exact. */
export function maxShardSum(shards: number): number {
  return Math.floor(Number.MAX_SAFE_INTEGER / shards);
}

export const noContributors: Contributors = { streams: 0, fields: {} };

/** The page of rows or totals to read. */
export interface PageRequest {
  /** The key after which it starts. @default the first one */
  readonly after?: string | undefined;
  /** Items, at most. */
  readonly limit: number;
  /** Whether it has everything that was written before it was asked for. @default false */
  readonly consistent?: boolean | undefined;
}

/** A page of rows or totals, in key order. It may have fewer than the requested number of items, or none. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** The key after which the next page starts; undefined if nothing follows. */
  readonly end: string | undefined;
}

/** True if a row or total can have this key: text of 1 to 1024 bytes that every reader gets unchanged. */
export function isKey(key: string): boolean {
  return key !== '' && isCarriedText(key) && utf8Bytes(key) <= MAX_SORT_KEY_BYTES;
}

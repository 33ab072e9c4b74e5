import type { BusEntry } from './bus.ts';
import type { Commit } from './commit.ts';
import type { Hlc } from './hlc.ts';
import type { Version } from './version.ts';
import type { Sums, Totals } from './view.ts';

/** The `events` table of this Region. */
export interface EventStore {
  /** Every commit of a stream that this replica holds, in any order, strongly consistent. One Query a page. */
  load(stream: string): Promise<readonly Commit[]>;
  /** The commits of one log behind a position, strongly consistent. */
  loadLog(stream: string, log: string, after: number): Promise<readonly Commit[]>;
  /**
   * Takes the commit's position, if it is free: one conditional write.
   * @returns the commit that holds the position already, undefined when this one was written
   */
  put(commit: Commit): Promise<Commit | undefined>;
}

/** What a view keeps of one stream: the version that it was computed at, and what it shows or contributes. */
export interface ViewEntry {
  readonly stream: string;
  readonly shard: number;
  readonly version: Version;
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

/** An item count that one transaction of the store takes. */
export const MAX_TRANSACTION_ITEMS = 100;

export interface Row {
  readonly key: string;
  readonly value: unknown;
}

/** The `views` table: per Region, never replicated. All reads of entries are strongly consistent. */
export interface ViewStore {
  /** The entries of these streams, by stream; streams without one are missing. */
  entries(
    view: string,
    places: readonly { readonly stream: string; readonly shard: number }[],
  ): Promise<ReadonlyMap<string, ViewEntry>>;
  /**
   * Replaces entries and adds to totals, all or nothing, each entry only if the stored one is at the revision before.
   * At most `MAX_TRANSACTION_ITEMS` entries and deltas.
   * @returns true when applied; false when an entry has another revision or another transaction was in the way
   */
  apply(view: string, entries: readonly ViewEntry[], deltas: readonly TotalDelta[]): Promise<boolean>;
  /** Rows of streams (key: the stream's name) in the order of their keys, behind `after`. */
  rows(view: string, shards: number, after: string | undefined, limit: number): Promise<readonly Row[]>;
  /** The totals under a key, summed over the shards, in the order of their keys, behind `after`. */
  totals(
    view: string,
    shards: number,
    after: string | undefined,
    limit: number,
  ): Promise<readonly { readonly key: string; readonly sums: Sums }[]>;
  /** One key's totals, summed over the shards; undefined when there are none. */
  total(view: string, shards: number, key: string): Promise<Sums | undefined>;
}

/** The newest stamp that arrived here from every Region. */
export interface Sightings {
  /** Keeps the stamp, if it is newer than the one kept. */
  record(region: string, hlc: Hlc): Promise<void>;
  all(): Promise<ReadonlyMap<string, Hlc>>;
}

/** What became of each entry of a batch: undefined when it was taken, else why not. */
export type BatchAnswer = readonly (string | undefined)[];

/** The Region's event bus. */
export interface Bus {
  /** One PutEvents: at most 10 entries. An entry can fail on its own. */
  put(entries: readonly BusEntry[]): Promise<BatchAnswer>;
}

/** A queue. */
export interface Queue {
  /** One SendMessageBatch: at most 10 bodies. A body can fail on its own. */
  send(bodies: readonly string[]): Promise<BatchAnswer>;
}

/** The `command` functions of the other Regions. */
export interface Remote {
  /**
   * Calls the function and answers what it answered, JSON on both ways.
   * @throws MeridianError `region-unreachable`
   */
  invoke(region: string, request: unknown): Promise<unknown>;
}

/** Streams that this process holds in memory; a bounded map. */
export interface WarmStreams<T> {
  get(stream: string): T | undefined;
  set(stream: string, warm: T): unknown;
}

/** Time, randomness, ids and metrics: with a seed, every run can be run again. */
export interface Runtime {
  /** Wall clock, milliseconds since 1970: for stamps only, since it may jump. */
  now(): number;
  /** Milliseconds since some moment; never goes back: for ages and deadlines. */
  elapsed(): number;
  sleep(milliseconds: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** A new UUIDv7. */
  newId(): string;
  /** A collision-resistant digest of a text, at most 64 characters. */
  digest(text: string): string;
  metric(name: MetricName, unit: 'Count' | 'Milliseconds', value: number): void;
}

export type MetricName =
  | 'Appended'
  | 'AppendConflict'
  | 'ClockAhead'
  | 'IdReused'
  | 'HiddenCommits'
  | 'Accepted'
  | 'Rejected'
  | 'Quarantined'
  | 'Published'
  | 'PublishFailed'
  | 'SightingFailed'
  | 'Projected';

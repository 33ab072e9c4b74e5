import type { Sums, Totals } from './definition/view.ts';
import type { BusEntry } from './delivery/bus.ts';
import type { Commit } from './log/commit.ts';
import type { Hlc } from './log/hlc.ts';
import type { Snapshot } from './log/snapshot.ts';
import type { Dot, Version } from './log/version.ts';
import type { Decision, FinalState, Transaction } from './transaction/transaction.ts';
import type { Generations } from './view/generation.ts';

/** The `events` table of this Region. */
export interface EventStore {
  /**
   * The commits of a stream that this replica holds and `after` does not cover, in any order, strongly consistent: also
   * those of logs that nobody has heard of. One Query a page, and one more for every log of `after`, side by side.
   */
  load(stream: string, after?: Version): Promise<readonly Commit[]>;
  /** The commits of one log behind a position, strongly consistent. */
  loadLog(stream: string, log: string, after: number): Promise<readonly Commit[]>;
  /**
   * Takes the commit's position, if it is free: one conditional write.
   * @returns the commit that holds the position already, undefined when this one was written
   */
  put(commit: Commit): Promise<Commit | undefined>;
  /**
   * The next commits of one segment of the table, strongly consistent: what is there when the first page is asked for is on
   * one of the pages, each commit in one segment. Streams come in any order, the commits of each one after another.
   * @param segment 0 to `segments` - 1
   * @param after the cursor of the page before
   */
  scan(segment: number, segments: number, after: string | undefined, limit: number): Promise<CommitsPage>;
  /** The commit at one position, strongly consistent: one GetItem. */
  at(stream: string, log: string, position: number): Promise<Commit | undefined>;
  /**
   * Makes a prepared intent final: one conditional write. One that is final in this state already stays as it is.
   * @throws MeridianError `internal`: there is no such intent, or it is final in the other state
   */
  finalise(intent: IntentKey, state: FinalState): Promise<void>;
  /**
   * Writes a transaction whose streams are all at home here: one TransactWriteItems. Takes every commit's position, if
   * they are all free, the positions of `free` are free too, and there is no outcome under the transaction's id yet.
   * @returns undefined when all of it was written, else what was in the way: nothing was written
   */
  transact(write: OneRegionWrite): Promise<InTheWay | undefined>;
  /** The outcome of a one-Region transaction, strongly consistent; only in the Region that drives it. */
  outcome(transaction: string): Promise<Decision | undefined>;
  /** Keeps an outcome, if there is none. @returns the one that is there already, undefined when this one was written */
  putOutcome(outcome: Decision): Promise<Decision | undefined>;
}

/** Names an intent. */
export type IntentKey = Pick<Commit, 'stream' | 'log' | 'position' | 'commitId'>;

export interface OneRegionWrite {
  readonly commits: readonly Commit[];
  /** What the transaction only reads: positions that have to be free still. */
  readonly free: readonly (Dot & { readonly stream: string })[];
  readonly outcome: Decision;
}

/** Why a one-Region transaction was not written. */
export interface InTheWay {
  /** What is kept under its id already. */
  readonly outcome?: Decision | undefined;
  /** What holds its positions. */
  readonly taken: readonly Commit[];
  /** Streams that another request was writing at that moment. */
  readonly contended: readonly string[];
}

/** The `transactions` table: the decisions. */
export interface Decisions {
  /**
   * Whether every Region sees at once what any has written (MRSC). If not (MREC), a decision is put, and the absence of one
   * means something, only in the Region that drives the transaction.
   */
  readonly strong: boolean;
  /** The commit point: puts a decision, if its attempt has none. @returns the one that is there already */
  put(decision: Decision): Promise<Decision | undefined>;
  /**
   * The decision on one attempt, strongly consistent: on MREC as this Region's replica has it.
   * @param within milliseconds for the call, if that is less than the adapter's own
   */
  find(transaction: string, attempt: number, within?: number): Promise<Decision | undefined>;
  /**
   * All decisions of a transaction in the order of its attempts: one Query.
   * @param read `strong` as `find`; `local` may be behind, but waits for no other Region @default strong
   */
  attempts(transaction: string, read?: 'strong' | 'local'): Promise<readonly Decision[]>;
}

/** What the state machine is started with. */
export interface MachineInput extends Transaction {
  /** When the last attempt has to end, milliseconds since 1970 by the driving Region's clock. */
  readonly deadline: number;
}

/** The state machine of this Region that drives transactions. */
export interface StateMachine {
  /** Starts it, and does not wait for it. Started twice, it does no harm. */
  start(input: MachineInput): Promise<void>;
}

/** A message that comes after a while. */
export interface DelayedMessage {
  readonly body: string;
  /** Milliseconds, 0 to 900,000; rounded up to whole seconds. */
  readonly delay: number;
}

/** A queue whose messages come late. */
export interface DelayedQueue {
  /** One SendMessageBatch: at most 10 messages. A message can fail on its own. */
  send(messages: readonly DelayedMessage[]): Promise<BatchAnswer>;
}

export interface CommitsPage {
  readonly commits: readonly Commit[];
  /** Undefined: the segment ends here. A page with a cursor may be empty. */
  readonly cursor: string | undefined;
}

/**
 * The `snapshots` table: per Region, never replicated. What is lost here is made again. A call takes 2 s at most, since
 * without its answer there is another way.
 */
export interface SnapshotStore {
  /**
   * The newest whole snapshot of a stream: one request, one more if it is large.
   * @param madeBy only snapshots of this `snapshots.version`
   * @param before only snapshots with a lower latest stamp
   */
  newest(stream: string, madeBy: number, before?: Hlc): Promise<Snapshot | undefined>;
  /**
   * Keeps a snapshot, and of its stream no others but the newest one besides, and newer ones. A reader gets all of it or
   * nothing, also when two write at once or one dies in between.
   * @throws Error when the state is not JSON
   */
  put(snapshot: Snapshot): Promise<void>;
  /** Forgets the snapshots of a stream that have this `snapshots.version` and latest stamp. */
  drop(stream: string, madeBy: number, latestStamp: Hlc): Promise<void>;
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

/**
 * The `views` table: per Region, never replicated. All reads of entries and generations are strongly consistent. Rows and
 * totals are those under the name of a generation.
 */
export interface ViewStore {
  /** The generations of these views, by view; views of which nothing is stored are missing. */
  generations(views: readonly string[]): Promise<ReadonlyMap<string, Generations>>;
  /**
   * Replaces the generations of a view, if the stored ones are at the revision before.
   * @returns whether they were
   */
  setGenerations(view: string, next: Generations): Promise<boolean>;
  /**
   * Takes away entries and totals under a name, about `limit` of them.
   * @returns whether none is left
   */
  remove(view: string, shards: number, limit: number): Promise<boolean>;
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

/** A message that somebody holds: hidden from everybody else until it is released, or its time is up. */
export interface HeldMessage {
  /** Stays the same however often it is received. */
  readonly id: string;
  /** Of this one receive: what `release` and `remove` need. */
  readonly receipt: string;
  readonly body: string;
  /** Milliseconds since 1970, by the queue's clock. */
  readonly sentAt: number;
  /** How often it was received, this time included. */
  readonly receives: number;
}

/** The queue of what could not be taken in. It cannot be browsed: whoever looks at a message holds it. */
export interface Quarantine extends Queue {
  /**
   * Takes hold of up to 10 messages that nobody holds, for so many milliseconds, in whole seconds.
   * @returns an empty array when all there is was held or gone
   */
  receive(milliseconds: number): Promise<readonly HeldMessage[]>;
  /** Shows up to 10 messages to everybody again. One that is not held any more, or gone, stays as it is. */
  release(messages: readonly HeldMessage[]): Promise<void>;
  /** Removes up to 10 messages for good; once more does no harm. */
  remove(messages: readonly HeldMessage[]): Promise<BatchAnswer>;
  /** About how many messages there are, those that somebody holds included. */
  count(): Promise<number>;
}

/** One function of the other Regions, by its name. */
export interface Remote {
  /**
   * Calls the function and answers what it answered, JSON on both ways.
   * @param within milliseconds for the call, if that is less than the function may take
   * @throws MeridianError `region-unreachable`
   */
  invoke(region: string, request: unknown, within?: number): Promise<unknown>;
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
  | 'HiddenCommitAge'
  | 'Accepted'
  | 'Rejected'
  | 'Quarantined'
  | 'Published'
  | 'PublishFailed'
  | 'SightingFailed'
  | 'SnapshotFailed'
  | 'Projected'
  | 'Handled'
  | 'Waiting'
  | 'TransactionCommitted'
  | 'TransactionAborted'
  | 'TransactionBusy'
  | 'TransactionUndecided'
  | 'IntentResolved';

import { type Hlc, wallTimeOf } from './hlc.ts';
import type { Dot, VersionVector } from './version.ts';
import type { Waiter } from './waiter.ts';

/** A stored event: `data` is JSON accepted by its schema. */
export interface StoredEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
}

/** Who or what caused a commit; `traceparent` (W3C Trace Context) links the traces of several Regions. */
export interface Meta {
  readonly correlation?: string | undefined;
  readonly causation?: string | undefined;
  readonly actor?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** The state of an intent of a transaction; it is final once it is not `prepared`. */
export interface Intent {
  /** Only `committed` intents are visible to readers; an `aborted` intent is an empty position. */
  readonly state: 'prepared' | 'committed' | 'aborted';
  /**
   * The time after which any Region may abort the transaction: milliseconds since 1970, by the clock of the Region that
   * wrote the intent.
   */
  readonly deadline: number;
  /** When its transaction began, by the driving Region's clock; older code did not write it. */
  readonly began?: number;
  /** Milliseconds from then until the transaction's deadline; older code did not write it. */
  readonly timeout?: number;
  /** The transaction that takes the stream next. A hint for fairness: the position still goes to the first that writes it. */
  readonly next?: Waiter;
}

/** One atomic append: one or more events at one position of one log, stored as one item of the table. */
export interface Commit extends Dot {
  /** `<type>/<id>` */
  readonly stream: string;
  /** The id that the caller gave, or a generated one. A retried append has the same id. */
  readonly commitId: string;
  /** Digest of the request; distinguishes a retry from a reused id. */
  readonly fingerprint: string;
  /** Digest of the events. It differs between copies that were decided on different states; older code wrote none. */
  readonly digest?: string;
  readonly events: readonly StoredEvent[];
  /** The version that the writer's decision was based on, its own log included. */
  readonly context: VersionVector;
  /** The log's last position with events before this one, 0 if there is none. */
  readonly previous: number;
  readonly hlc: Hlc;
  /** The writer's clock, in milliseconds since 1970. Present only if the stamp is ahead of it. Read it with `writtenAt`. */
  readonly wallTime?: number;
  /** The Region that wrote the commit. */
  readonly region: string;
  readonly meta: Meta;
  /** Set only in transactions across Regions; `commitId` is then the id of the attempt. */
  readonly tx?: Intent;
  /** A repair of conflicts, which the type's `reconcile` has decided. Of concurrent repairs only the one that is folded first counts. */
  readonly repair?: true;
}

/** The id of a repair. It names the commit's place, so that no two repairs of a stream have the same one. */
export function repairIdOf({ log, position }: Dot): string {
  return `repair:${log}.${position}`;
}

/** The log of a `strong` stream, which all Regions write. No Region's own log has this name. */
export const SHARED_LOG = 'global';

/** True if a commit is in the log that all Regions write. */
export function isShared({ log }: Pick<Commit, 'log'>): boolean {
  return log === SHARED_LOG;
}

/** True if readers may see the commit: it is not part of a transaction, or its transaction is committed. */
export function isVisible({ tx }: Commit): boolean {
  return tx === undefined || tx.state === 'committed';
}

/** When a commit was written, in milliseconds since 1970 by its writer's clock. Its stamp may be far ahead of that. */
export function writtenAt({ hlc, wallTime }: Pick<Commit, 'hlc' | 'wallTime'>): number {
  return wallTime ?? wallTimeOf(hlc);
}

/** A commit's position in fold order. */
export type Stamped = Pick<Commit, 'log' | 'position' | 'hlc'>;

/** The order in which every Region folds: by stamp, then log, then position. It extends causal order. */
export function foldOrder(a: Stamped, b: Stamped): number {
  return compare(a.hlc, b.hlc) || compare(a.log, b.log) || a.position - b.position;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The id of an event. It is the same on every delivery: consumers deduplicate on it. */
export function eventId({ stream, log, position }: Pick<Commit, 'stream' | 'log' | 'position'>, index: number): string {
  return `${stream}@${log}.${position}.${index}`;
}

/** The dot of an event's commit, by the event's id. */
export function dotOfEvent(id: string): Dot {
  const dot = id.slice(id.lastIndexOf('@') + 1, id.lastIndexOf('.'));
  const end = dot.lastIndexOf('.');
  return { log: dot.slice(0, end), position: Number(dot.slice(end + 1)) };
}

import type { Hlc } from './hlc.ts';
import type { Dot, VersionVector } from './version.ts';

/** An event as it is kept: `data` is JSON that its schema has accepted. */
export interface StoredEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
}

/** Who and what caused a commit; `traceparent` (W3C Trace Context) links the traces of several Regions. */
export interface Meta {
  readonly correlation?: string | undefined;
  readonly causation?: string | undefined;
  readonly actor?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** How far an intent of a transaction is; once it is not `prepared` any more it never changes. */
export interface Intent {
  /** Readers see `committed` ones only; an `aborted` one is an empty position. */
  readonly state: 'prepared' | 'committed' | 'aborted';
  /** When anybody may have the transaction aborted, milliseconds since 1970 by the clock of the Region that wrote the intent. */
  readonly deadline: number;
}

/** One atomic append: one or more events at one position of one log; one item of the table. */
export interface Commit extends Dot {
  /** `<type>/<id>` */
  readonly stream: string;
  /** Given by the caller or made: the same append sent again has the same one. */
  readonly commitId: string;
  /** Digest of what was asked for, which tells a repeated request from an id that was used twice. */
  readonly fingerprint: string;
  readonly events: readonly StoredEvent[];
  /** What the writer's decision was based on, its own log included. */
  readonly context: VersionVector;
  /** The log's last position with events before this one, 0 if there is none. */
  readonly previous: number;
  readonly hlc: Hlc;
  /** Where it was written. */
  readonly region: string;
  readonly meta: Meta;
  /** Of a transaction over several Regions only: its `commitId` is then the attempt's id. */
  readonly tx?: Intent;
}

/** Whether readers may see it: it stands by itself, or its transaction is committed. */
export function isVisible({ tx }: Commit): boolean {
  return tx === undefined || tx.state === 'committed';
}

/** A commit's place in the order of the fold. */
export type Stamped = Pick<Commit, 'log' | 'position' | 'hlc'>;

/** Order in which every Region folds: by stamp, then log, then position. It extends causal order. */
export function foldOrder(a: Stamped, b: Stamped): number {
  return compare(a.hlc, b.hlc) || compare(a.log, b.log) || a.position - b.position;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The same on every delivery: consumers deduplicate on it. */
export function eventId({ stream, log, position }: Pick<Commit, 'stream' | 'log' | 'position'>, index: number): string {
  return `${stream}@${log}.${position}.${index}`;
}

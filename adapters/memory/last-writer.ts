import { writtenAt } from '../../core/facts/commit.ts';
import type { Commit, Decision } from '../../core/index.ts';

/**
 * When and where a replica of a global table wrote an item. Where two Regions have written the same item, the later
 * write wins everywhere, without an error.
 */
export interface WriteStamp {
  /** Milliseconds since 1970 with a fraction, by the table's own time: no process sets it. */
  readonly at: number;
  /** The Region that wrote the item; of two writes at the same time, the one whose Region sorts last wins. */
  readonly region: string;
}

/** How much later than the state that it replaces a write is at least: the fraction has microseconds. */
const NEXT_MS = 0.001;

/** True if the first write replaces the item of the second. */
export function isLaterWrite(a: WriteStamp, b: WriteStamp): boolean {
  return a.at > b.at || (a.at === b.at && a.region > b.region);
}

/** The replica of a global table that writes are stamped for. */
export interface Replica {
  /** @default '' */
  readonly region?: string;
  /** Milliseconds since 1970. @default 0 */
  readonly now?: () => number;
}

/**
 * Stamps the writes of a replica.
 * @returns a function from the stamp of the item as it is, if there is one, to that of its next state
 */
export function stamping({ region = '', now = () => 0 }: Replica): (before?: WriteStamp) => WriteStamp {
  return (before) => ({ at: before ? Math.max(now(), before.at + NEXT_MS) : now(), region });
}

/** When a commit was written, as far as it shows: its final state comes just after the intent. */
export function stampOfCommit(commit: Commit): WriteStamp {
  const isFinal = commit.tx !== undefined && commit.tx.state !== 'prepared';
  return { at: writtenAt(commit) + (isFinal ? NEXT_MS : 0), region: commit.region };
}

/** When a decision was written, as far as it shows. */
export function stampOfDecision({ decidedAt, region }: Decision): WriteStamp {
  return { at: decidedAt, region };
}

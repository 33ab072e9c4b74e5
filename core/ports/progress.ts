import type { SubscribedEvent } from '../wire/bus-event.ts';

/** How far a log of a stream was handled: up to event `index` of the commit at `position`, which has `count` events. */
export interface Place {
  readonly position: number;
  readonly index: number;
  readonly count: number;
}

/** What was handled: an event, or the outcome of a transaction, which has a log of its own. */
export interface Handled {
  readonly id: string;
  readonly stream: string;
  readonly meta: Place & { readonly log: string };
}

/** An event that arrived before its predecessor. */
export interface Parked {
  readonly event: SubscribedEvent;
  /** When the event was first parked, milliseconds since 1970. */
  readonly since: number;
}

/** When an event is looked at again, in milliseconds since 1970. */
export interface NextLook {
  readonly look: number;
  /** A parked event that is to be looked at later than this has another message, which does that. */
  readonly latest: number;
}

/** The wait of a parked event. */
export interface Wait {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** True if another message looks at it. */
  readonly isCopy: boolean;
}

/**
 * What a subscriber stores per stream and log. `Effect` is a write that its handler returns, in the adapter's own form.
 * All reads are strongly consistent.
 *
 * If one Region at a time runs the subscriber, its table is replicated. Each Region writes places of its own, and `last` is the furthest
 * of all that have arrived; `before` is not compared, since the place may be another Region's.
 */
export interface Progress<Effect> {
  /** The last event handled; undefined if there is none. */
  last(stream: string, log: string): Promise<Place | undefined>;
  /**
   * Writes the effects and moves the place from `before` to what was handled, all or nothing.
   * @returns true if written; false if the place was not `before`, or in a replicated table, if this Region's own place is there already
   *   or further; or if another transaction conflicted
   */
  advance(handled: Handled, before: Place | undefined, effects: readonly Effect[]): Promise<boolean>;
  /**
   * Keeps an event until its predecessor is handled. An event that is already parked keeps its `since`. It is left as it
   * is, with its `look`, if that is later than `latest`. Each Region parks events for itself.
   */
  park(event: SubscribedEvent, since: number, next: NextLook): Promise<Wait>;
  /** The first parked events after a place, in log order. */
  parked(stream: string, log: string, behind: Place, limit: number): Promise<readonly Parked[]>;
}

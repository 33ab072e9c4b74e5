// How all Regions reach the same state of a stream. A `home` stream has one writer, a `strong` stream one log; in a `merge`
// stream, `evolve` resolves concurrent events, which its context lists.

import type { Disagreement } from '../facts/conflict.ts';

/**
 * `merge`: every Region appends, to its own log. `home`: one Region appends, the others route to it. `strong`: every Region
 * appends, to one log on a table with multi-Region strong consistency.
 */
export type Mode = 'merge' | 'home' | 'strong';

/** An `evolve` that knows which events conflict, as the one that `evolveBy` makes. */
export interface KnowsConflicts<Event> {
  /** What two events conflict about whose writers had not seen each other; none: they do not conflict. */
  disagreements(a: Event, b: Event): readonly Disagreement[];
}

/** A commit of a conflict, as `reconcile` gets it. */
export interface ConflictingEvents<Event> {
  readonly commitId: string;
  /** The Region that wrote it. */
  readonly region: string;
  readonly events: readonly Event[];
}

/** A conflict that no repair has covered yet. */
export interface ConflictToRepair<Event> {
  /** The commit that is folded last. */
  readonly commit: ConflictingEvents<Event>;
  /** The commits that it conflicts with, in fold order: its writer had not seen them, nor their writers it. */
  readonly against: readonly ConflictingEvents<Event>[];
  /** What they disagree about. */
  readonly about: readonly Disagreement[];
  /** The last repair that had seen the commit, before more arrived that it conflicts with. What it has added is in the state. */
  readonly repairedBy?: ConflictingEvents<Event>;
}

export interface EvolveContext<Event> {
  /**
   * The events that are folded before this one although its writer had not seen them, in fold order. Computed on
   * access.
   */
  readonly concurrent: readonly Event[];
  /**
   * Whether the writer of this event had seen another one that is folded before it, by its id. Of two events of one commit, the
   * later one has seen the earlier one. Takes less time than to look for it in `concurrent`.
   */
  saw(id: string): boolean;
}

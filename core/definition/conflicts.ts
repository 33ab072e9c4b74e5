// How two Regions that write one stream at once come to the same state: they may not, or `evolve` decides, with this at hand.

/** `merge`: every Region appends, to its own log. `home`: one Region appends, the others route to it. */
export type Mode = 'merge' | 'home';

export interface EvolveContext<Event> {
  /** The already folded events that this event's writer had not seen, in fold order. Computed when it is read. */
  readonly concurrent: readonly Event[];
}

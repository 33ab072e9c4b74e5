// How Regions that write the same stream concurrently reach the same state: `home` excludes it; in `merge`, `evolve` resolves it
// with this data.

/** `merge`: every Region appends, to its own log. `home`: one Region appends, the others route to it. */
export type Mode = 'merge' | 'home';

export interface EvolveContext<Event> {
  /** The already folded events that this event's writer had not seen, in fold order. Computed when it is read. */
  readonly concurrent: readonly Event[];
}

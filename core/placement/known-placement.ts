import { isComplete, joinPlacements, NO_PLACEMENT, type Placement, placementOf } from '../facts/placement.ts';
import { PLACEMENT_MS } from '../limits/budgets.ts';
import type { PlacementStore } from '../ports/placement.ts';
import type { Runtime } from '../ports/runtime.ts';

/** How often it was learned that a move is complete: see {@link KnownPlacement.completions}. Never where no home can move. */
export function completionsIn(placement: KnownPlacement | undefined): number {
  return placement?.completions ?? 0;
}

/**
 * What a process knows of the placement: read at most {@link PLACEMENT_MS} ago, by two clocks, because one may jump and the other one
 * stops while a function is frozen; together with all entries that it has met since it was started.
 */
export class KnownPlacement {
  readonly #store: PlacementStore;
  readonly #runtime: Pick<Runtime, 'now' | 'elapsed'>;
  #placement = NO_PLACEMENT;
  #readAt: { readonly now: number; readonly elapsed: number } | undefined;
  #completions = 0;

  constructor(store: PlacementStore, runtime: Pick<Runtime, 'now' | 'elapsed'>) {
    this.#store = store;
    this.#runtime = runtime;
  }

  /** The newest entries that have been met here. */
  get known(): Placement {
    return this.#placement;
  }

  /**
   * How often it was learned here that a move is complete. A copy of a stream that was loaded before the last time may lack commits of
   * Regions that are not asked any more.
   */
  get completions(): number {
    return this.#completions;
  }

  /** Reads the table. @throws MeridianError `unavailable`, retryable */
  async reread(): Promise<void> {
    const readAt = { now: this.#runtime.now(), elapsed: this.#runtime.elapsed() };
    const records = await this.#store.records();
    this.adopt(placementOf(records));
    this.#readAt = readAt;
  }

  /** Takes over entries that another Region has sent, as far as they are newer. */
  adopt(placement: Placement): void {
    const before = this.#placement;
    this.#placement = joinPlacements(before, placement);
    const news = Object.entries(this.#placement).filter(([scope, entry]) => entry !== before[scope]);
    if (news.some(([, entry]) => isComplete(entry))) this.#completions++;
  }

  /** False if the table was read too long ago for what is known to be written by. */
  get isFresh(): boolean {
    if (!this.#readAt) return false;
    const wall = this.#runtime.now() - this.#readAt.now;
    return wall >= 0 && wall <= PLACEMENT_MS && this.#runtime.elapsed() - this.#readAt.elapsed <= PLACEMENT_MS;
  }
}

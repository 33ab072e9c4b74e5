import { comparePinKeys, type PinAt } from '../facts/pin.ts';
import { isComplete, joinPlacements, NO_PLACEMENT, type Placement, placementOf } from '../facts/placement.ts';
import { KNOWN_PINS, PLACEMENT_MS } from '../limits/budgets.ts';
import type { PlacementStore } from '../ports/placement.ts';
import type { Runtime } from '../ports/runtime.ts';

/** How often it was learned that a move is complete: see {@link KnownPlacement.completions}. Never where no home can move. */
export function completionsIn(placement: KnownPlacement | undefined): number {
  return placement?.completions ?? 0;
}

/**
 * What a process knows of the placement: read at most {@link PLACEMENT_MS} ago, by two clocks, because one may jump and the other one
 * stops while a function is frozen; together with all entries that it has met since it was started, and the pins of some streams.
 */
export class KnownPlacement {
  readonly #store: PlacementStore;
  readonly #runtime: Pick<Runtime, 'now' | 'elapsed'>;
  #placement = NO_PLACEMENT;
  #readAt: { readonly now: number; readonly elapsed: number } | undefined;
  #completions = 0;
  /** By stream, the one met last at the end. */
  readonly #pins = new Map<string, PinAt>();

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

  /** The newest pin of a stream that has been met here; undefined if none is remembered. */
  pinOf(stream: string): PinAt | undefined {
    return this.#pins.get(stream);
  }

  /** Remembers a pin of a stream, unless a newer one is known. @returns true if it is news */
  adoptPin(stream: string, pin: PinAt): boolean {
    const known = this.#pins.get(stream);
    const isNews = comparePinKeys(known?.key, pin.key) < 0;
    this.#pins.delete(stream);
    this.#pins.set(stream, isNews || !known ? pin : known);
    const [oldest] = this.#pins.keys();
    if (oldest !== undefined && this.#pins.size > KNOWN_PINS) this.#pins.delete(oldest);
    return isNews;
  }

  /** Forgets the pin of a stream that does not arrive: the next request goes by what the stream itself says. */
  forgetPin(stream: string): void {
    this.#pins.delete(stream);
  }

  /** False if the table was read too long ago for what is known to be written by. */
  get isFresh(): boolean {
    if (!this.#readAt) return false;
    const wall = this.#runtime.now() - this.#readAt.now;
    return wall >= 0 && wall <= PLACEMENT_MS && this.#runtime.elapsed() - this.#readAt.elapsed <= PLACEMENT_MS;
  }
}

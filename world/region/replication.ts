import type { Link } from '../network/link.ts';
import type { Clockwork } from '../time/clockwork.ts';
import type { Outage } from './outage.ts';

/** Milliseconds that a late item takes more than others. */
const LATE_MS = [60_000, 600_000] as const;

/** Another replica of the global tables. */
export interface Target<Tables> {
  readonly tables: Tables;
  readonly link: Link;
  readonly outage: Outage;
}

export interface ReplicationOptions<Tables> extends Omit<Clockwork, 'random'> {
  /** The Region whose writes are replicated. */
  readonly region: string;
  readonly outage: Outage;
  readonly targets: () => readonly Target<Tables>[];
}

/** A state of an item on its way to one replica. */
interface Shipment {
  /** Whether a newer state of the item takes its place. */
  isReplaced: boolean;
}

/**
 * Sends the items that a Region writes to all other replicas. Different items overtake each other. So do the states of
 * one item, but an older state that arrives after a newer one has no effect there.
 */
export class Replication<Tables> {
  readonly #options: ReplicationOptions<Tables>;
  /** By link, the newest state of each item that is on its way. */
  readonly #shipments = new Map<Link, Map<string, Shipment>>();
  #stopped = false;

  constructor(options: ReplicationOptions<Tables>) {
    this.#options = options;
  }

  /**
   * Sends a state of an item to other Regions.
   * @param item the item's key
   * @param arrive stores it there
   * @param to the only replica that it is sent to. @default all others
   */
  send(item: string, arrive: (there: Tables) => void, to?: Tables): void {
    for (const target of this.#options.targets())
      if (to === undefined || target.tables === to) this.#ship(target, item, arrive);
  }

  /** What has not arrived yet is lost. */
  stop(): void {
    this.#stopped = true;
  }

  #ship(target: Target<Tables>, item: string, arrive: (there: Tables) => void): void {
    const { region, weather } = this.#options;
    const onLink = this.#shipments.get(target.link) ?? new Map<string, Shipment>();
    this.#shipments.set(target.link, onLink);
    const earlier = onLink.get(item);
    if (earlier && weather.happens('replication.coalesced', region)) earlier.isReplaced = true;
    const shipment: Shipment = { isReplaced: false };
    onLink.set(item, shipment);
    const deliver = () =>
      this.#whenReachable(target, () => {
        if (onLink.get(item) === shipment) onLink.delete(item);
        if (!shipment.isReplaced) arrive(target.tables);
      });
    const isLate = weather.happens('replication.late', region);
    if (isLate) this.#later(weather.between(...LATE_MS), () => target.link.send(deliver));
    else target.link.send(deliver);
  }

  /** Runs a step as soon as neither of the two replicas has an outage. */
  #whenReachable(target: Target<Tables>, run: () => void): void {
    if (this.#stopped) return;
    const left = Math.max(this.#options.outage.left, target.outage.left);
    if (left === 0) run();
    else this.#later(left, () => this.#whenReachable(target, run));
  }

  #later(milliseconds: number, run: () => void): void {
    const { scheduler, activity } = this.#options;
    activity.begin();
    scheduler.after(milliseconds, () => {
      run();
      activity.end();
    });
  }
}

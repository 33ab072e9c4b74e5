import { forwardPattern } from '../../core/index.ts';
import { Link, type LinkOptions } from '../network/link.ts';
import type { Clockwork } from '../time/clockwork.ts';
import type { Links } from './links.ts';
import type { WorldRegion } from './region.ts';

export interface ConnectionsOptions extends Pick<Clockwork, 'scheduler' | 'random' | 'activity'> {
  readonly latencies: Readonly<Record<keyof Links, LinkOptions['latency']>>;
  /** Fraction of replicated items and forwarded events that arrive twice, 0 to 1. */
  readonly duplicates: number;
}

/** Connects Regions: by links, and by the rules that forward events from one bus to another. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #forwarded = new Set<string>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Makes the links from one Region to another. */
  connect(from: WorldRegion, to: WorldRegion): void {
    from.connect(to, {
      replication: this.#link('replication'),
      bus: this.#link('bus'),
      invoke: this.#link('invoke'),
    });
  }

  /** Adds the rule that forwards events from one Region to another, unless it is there. */
  forward(from: WorldRegion, to: WorldRegion): void {
    const name = `${from.name} ${to.name}`;
    if (this.#forwarded.has(name)) return;
    this.#forwarded.add(name);
    from.bus.addRule(forwardPattern(from.name), { kind: 'bus', link: from.linksTo(to.name).bus, bus: to.bus });
  }

  /** A Region that is removed may be added again, with other links. */
  forget(region: string): void {
    for (const name of this.#forwarded) if (name.split(' ').includes(region)) this.#forwarded.delete(name);
  }

  #link(of: keyof Links): Link {
    const { scheduler, random, activity, latencies, duplicates } = this.#options;
    return new Link(scheduler, random, activity, {
      latency: latencies[of],
      duplicates: of === 'invoke' ? 0 : duplicates,
    });
  }
}

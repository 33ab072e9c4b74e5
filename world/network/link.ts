import type { Activity } from '../time/activity.ts';
import { type Random, randomBetween } from '../time/randomness.ts';
import type { Scheduler } from '../time/scheduler.ts';

export interface LinkOptions {
  /**
   * The range of a message's latency in milliseconds, uniformly distributed, so that later messages may overtake
   * earlier ones.
   */
  readonly latency: readonly [number, number];
  /** Fraction of messages that arrive twice, 0 to 1. */
  readonly duplicates: number;
}

/** A one-way link between two Regions. While it is cut, it holds messages back; once healed, it delivers them. */
export class Link {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #activity: Activity;
  readonly #options: LinkOptions;
  readonly #held: (() => void)[] = [];
  #cut = false;

  constructor(scheduler: Scheduler, random: Random, activity: Activity, options: LinkOptions) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#activity = activity;
    this.#options = options;
  }

  cut(): void {
    this.#cut = true;
  }

  /** @param everyMs milliseconds between two of the messages that were held back. @default 0: all are sent at once */
  heal(everyMs = 0): void {
    this.#cut = false;
    for (const [i, deliver] of this.#held.splice(0).entries())
      if (everyMs === 0) this.#sendOnce(deliver);
      else this.#sendLater(i * everyMs, deliver);
  }

  #sendLater(milliseconds: number, deliver: () => void): void {
    this.#activity.begin();
    this.#scheduler.after(milliseconds, () => {
      this.#sendOnce(deliver);
      this.#activity.end();
    });
  }

  send(deliver: () => void): void {
    this.#sendOnce(deliver);
    if (this.#options.duplicates > 0 && this.#random() < this.#options.duplicates) this.#sendOnce(deliver);
  }

  #sendOnce(deliver: () => void): void {
    this.#activity.begin();
    this.#scheduler.after(randomBetween(this.#random, this.#options.latency), () => {
      if (this.#cut) this.#held.push(deliver);
      else deliver();
      this.#activity.end();
    });
  }

  /** Resolves when a call has passed the link; a call over a cut link is lost. @throws Error if the link is cut */
  async pass(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#activity.begin();
      this.#scheduler.after(randomBetween(this.#random, this.#options.latency), () => {
        resolve();
        this.#activity.end();
      });
    });
    if (this.#cut) throw new Error('The link is cut.');
  }
}

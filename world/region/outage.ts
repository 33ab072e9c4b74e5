import type { Scheduler } from '../time/scheduler.ts';

type Streams = readonly { readonly pause: () => void; readonly resume: () => void }[];

/**
 * The times in which a Region's DynamoDB cannot be reached, because its name does not resolve, while everything else
 * there works.
 */
export class Outage {
  readonly #scheduler: Scheduler;
  readonly #streams: Streams;
  #end = Number.NEGATIVE_INFINITY;

  /** @param streams whose records are not delivered meanwhile */
  constructor(scheduler: Scheduler, streams: Streams) {
    this.#scheduler = scheduler;
    this.#streams = streams;
  }

  /** Milliseconds until it is over; 0 if there is none. */
  get left(): number {
    return Math.max(0, this.#end - this.#scheduler.now());
  }

  /** Begins an outage of this many milliseconds, or makes the present one last that long. */
  begin(milliseconds: number): void {
    this.#end = Math.max(this.#end, this.#scheduler.now() + milliseconds);
    for (const stream of this.#streams) stream.pause();
    this.#scheduler.after(milliseconds, () => {
      if (this.left === 0) for (const stream of this.#streams) stream.resume();
    });
  }
}

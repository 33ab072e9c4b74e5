import type { Commit } from '../facts/commit.ts';
import { newerPin, type PinAt, pinIn } from '../facts/pin.ts';

/** The pins of a stream. */
export class Pins {
  readonly #all: PinAt[] = [];

  constructor(base?: PinAt) {
    if (base) this.#all.push(base);
  }

  /** Takes a decided commit; one that is no pin is ignored. */
  add(commit: Commit): void {
    const pin = pinIn(commit);
    const { log, position } = commit;
    if (pin) this.#all.push({ ...pin, log, position });
  }

  /** The newest pin of those that count. */
  newest(counts: (pin: PinAt) => boolean): PinAt | undefined {
    return this.#all.filter(counts).reduce<PinAt | undefined>(newerPin, undefined);
  }
}

import type { Log } from '../../lambdas/instrument.ts';

/** Adds a subscriber's name and Region to the details of what its function logs. */
export class SubscriberLog implements Log {
  readonly #log: Log;
  readonly #whose: { readonly subscriber: string; readonly region: string };

  constructor(log: Log, whose: { readonly subscriber: string; readonly region: string }) {
    this.#log = log;
    this.#whose = whose;
  }

  warn(message: string, details: Readonly<Record<string, unknown>>): void {
    this.#log.warn(message, { ...details, ...this.#whose });
  }

  error(message: string, details: Readonly<Record<string, unknown>>): void {
    this.#log.error(message, { ...details, ...this.#whose });
  }
}

import type { Log } from '../../lambdas/instrument.ts';
import { type SubscriberHandler, subjectOf } from '../../lambdas/subscription.ts';

/**
 * The log of a subscriber's function, with the subscriber's name and Region. It also has the messages that move to the
 * dead-letter queue.
 */
export class SubscriberLog implements Log {
  readonly #log: Log;
  readonly #whose: { readonly subscriber: string; readonly region: string };
  /** Why each message failed last, by its id. */
  readonly #failures = new Map<string, unknown>();

  constructor(log: Log, whose: { readonly subscriber: string; readonly region: string }) {
    this.#log = log;
    this.#whose = whose;
  }

  info(message: string, details: Readonly<Record<string, unknown>>): void {
    this.#log.info(message, { ...details, ...this.#whose });
  }

  warn(message: string, details: Readonly<Record<string, unknown>>): void {
    if (typeof details.id === 'string') this.#failures.set(details.id, details.error);
    this.#log.warn(message, { ...details, ...this.#whose });
  }

  error(message: string, details: Readonly<Record<string, unknown>>): void {
    this.#log.error(message, { ...details, ...this.#whose });
  }

  /** Wraps a handler: forgets the earlier failures of its messages before it runs, because it may handle them now. */
  around(handle: SubscriberHandler): SubscriberHandler {
    return (batch, context) => {
      for (const { messageId } of batch.Records) this.#failures.delete(messageId);
      return handle(batch, context);
    };
  }

  /** Logs what the message is about as `deadLetter`, and why it failed last as `error`; undefined if its function did not report it. */
  deadLetter({ id, body }: { readonly id: string; readonly body: string }): void {
    const error = this.#failures.get(id);
    this.#failures.delete(id);
    this.error('Moved to the dead-letter queue', { id, deadLetter: subjectOf(body), error });
  }
}

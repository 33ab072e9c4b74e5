import type { BatchAnswer, Queue } from './queue.ts';

/** A received message: hidden from other consumers until it is released or its visibility timeout expires. */
export interface HeldMessage {
  /** The message's id, the same on every receive. */
  readonly id: string;
  /** Receipt handle of this receive, for `release` and `remove`. */
  readonly receipt: string;
  readonly body: string;
  /** Milliseconds since 1970, by the queue's clock. */
  readonly sentAt: number;
  /** Number of receives, including this one. */
  readonly receives: number;
}

/**
 * The queue of rejected input that has no sender to report to. It cannot be browsed: receiving a message hides it from
 * other consumers.
 */
export interface Quarantine extends Queue {
  /**
   * Receives up to `SQS_BATCH_ENTRIES` visible messages and hides them for this many milliseconds, in whole seconds.
   * @returns an empty array if there are none
   */
  receive(milliseconds: number): Promise<readonly HeldMessage[]>;
  /**
   * Makes up to `SQS_BATCH_ENTRIES` messages visible again. Messages that are no longer hidden, or deleted, are
   * ignored.
   */
  release(messages: readonly HeldMessage[]): Promise<void>;
  /** Deletes up to `SQS_BATCH_ENTRIES` messages permanently; repeating it is harmless. */
  remove(messages: readonly HeldMessage[]): Promise<BatchAnswer>;
  /** Approximate number of messages, hidden ones included. */
  count(): Promise<number>;
}

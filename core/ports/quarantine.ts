import type { BatchAnswer, Queue } from './queue.ts';

/** A message that somebody holds: hidden from everybody else until it is released, or its time is up. */
export interface HeldMessage {
  /** Stays the same however often it is received. */
  readonly id: string;
  /** Of this one receive: what `release` and `remove` need. */
  readonly receipt: string;
  readonly body: string;
  /** Milliseconds since 1970, by the queue's clock. */
  readonly sentAt: number;
  /** How often it was received, this time included. */
  readonly receives: number;
}

/** The queue of what could not be taken in. It cannot be browsed: whoever looks at a message holds it. */
export interface Quarantine extends Queue {
  /**
   * Takes hold of up to `SQS_BATCH_ENTRIES` messages that nobody holds, for so many milliseconds, in whole seconds.
   * @returns an empty array when all there is was held or gone
   */
  receive(milliseconds: number): Promise<readonly HeldMessage[]>;
  /** Shows up to `SQS_BATCH_ENTRIES` messages to everybody again. One that is not held any more, or gone, stays as it is. */
  release(messages: readonly HeldMessage[]): Promise<void>;
  /** Removes up to `SQS_BATCH_ENTRIES` messages for good; once more does no harm. */
  remove(messages: readonly HeldMessage[]): Promise<BatchAnswer>;
  /** About how many messages there are, those that somebody holds included. */
  count(): Promise<number>;
}

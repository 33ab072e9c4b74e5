import type { BatchAnswer } from './queue.ts';

/** A message that comes after a while. */
export interface DelayedMessage {
  readonly body: string;
  /** Milliseconds, 0 to 900,000; rounded up to whole seconds. */
  readonly delay: number;
}

/** A queue whose messages come late. */
export interface DelayedQueue {
  /** One SendMessageBatch: at most `SQS_BATCH_ENTRIES` messages. A message can fail on its own. */
  send(messages: readonly DelayedMessage[]): Promise<BatchAnswer>;
}

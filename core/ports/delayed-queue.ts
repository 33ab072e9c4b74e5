import type { BatchAnswer } from './queue.ts';

/** A message delivered with a delay. */
export interface DelayedMessage {
  readonly body: string;
  /** Milliseconds, 0 to 900,000; rounded up to whole seconds. */
  readonly delay: number;
}

/** A queue with delayed delivery. */
export interface DelayedQueue {
  /** One SendMessageBatch: at most `SQS_BATCH_ENTRIES` messages. Messages can fail individually. */
  send(messages: readonly DelayedMessage[]): Promise<BatchAnswer>;
}

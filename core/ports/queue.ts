/** What became of each entry of a batch: undefined when it was taken, else why not. */
export type BatchAnswer = readonly (string | undefined)[];

/** A queue. */
export interface Queue {
  /** One SendMessageBatch: at most `SQS_BATCH_ENTRIES` bodies. A body can fail on its own. */
  send(bodies: readonly string[]): Promise<BatchAnswer>;
}

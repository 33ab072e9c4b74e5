/** Per entry of a batch: undefined if it was accepted, otherwise the reason. */
export type BatchAnswer = readonly (string | undefined)[];

/** A message queue. */
export interface Queue {
  /** One SendMessageBatch: at most `SQS_BATCH_ENTRIES` bodies. Bodies can fail individually. */
  send(bodies: readonly string[]): Promise<BatchAnswer>;
}

/** A kept message of a queue. */
export interface KeptMessage {
  /** The message's id, which ends with its number in the queue. */
  readonly id: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

/** Keeps the messages of a queue until they are removed, even after the process has ended. */
export interface MessageKeeper {
  /** The messages kept by an earlier process, in the order in which they were sent. */
  readonly before: readonly KeptMessage[];
  save(message: KeptMessage): void;
  /** Removes a message. Repeating it is harmless. */
  remove(id: string): void;
}

/** The highest message number that an earlier process kept: ids of new messages continue from it. */
export function lastNumber(keeper: MessageKeeper | undefined): number {
  return Math.max(0, ...(keeper?.before ?? []).map(({ id }) => Number(id.slice(id.lastIndexOf('-') + 1))));
}

/** An item in the form of DynamoDB: attributes by name, including the keys. */
export interface StoredItem {
  readonly pk: { readonly S: string };
  readonly sk: { readonly S: string };
}

/**
 * Keeps the items of a world's tables, and of queues that cannot be refilled from events, after the process has ended.
 */
export interface Storage {
  /** The items of a table as JSON, in the order in which they were first saved. */
  load(table: string): readonly unknown[];
  /**
   * Saves an item, replacing the one with the same keys, before the write is acknowledged. Items saved synchronously one after another
   * belong to one write and are saved atomically. It must not throw: if an item cannot be saved, the process has to end.
   */
  save(table: string, item: StoredItem): void;
  /** Removes the item with these keys, if it exists, before the write is acknowledged. It must not throw either. */
  remove(table: string, keys: StoredItem): void;
}

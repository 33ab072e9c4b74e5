/** An item as DynamoDB has it: attributes by name, the keys among them. */
export interface StoredItem {
  readonly pk: { readonly S: string };
  readonly sk: { readonly S: string };
}

/** Keeps the items of a world's tables from one process to the next. */
export interface Storage {
  /** The items of a table, JSON, in the order in which they were first saved. */
  load(table: string): readonly unknown[];
  /**
   * Saves an item in the place of the one with its keys, before the write is acknowledged. What is saved without a pause in between
   * belongs to one write: all of it is kept, or nothing. It must not throw: what cannot be saved has to end the process.
   */
  save(table: string, item: StoredItem): void;
}

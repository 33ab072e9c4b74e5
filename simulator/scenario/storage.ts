import type { Storage, StoredItem } from '../../world/region/storage.ts';

/** A disk: what it holds outlives the world that wrote it. */
export class Disk implements Storage {
  readonly #tables = new Map<string, Map<string, string>>();

  load(table: string): readonly unknown[] {
    return [...(this.#tables.get(table)?.values() ?? [])].map((text): unknown => JSON.parse(text));
  }

  save(table: string, item: StoredItem): void {
    const items = this.#tables.get(table) ?? new Map<string, string>();
    this.#tables.set(table, items.set(keyOf(item), JSON.stringify(item)));
  }

  /** Loses a table. */
  drop(table: string): void {
    this.#tables.delete(table);
  }

  remove(table: string, keys: StoredItem): void {
    this.#tables.get(table)?.delete(keyOf(keys));
  }
}

function keyOf({ pk, sk }: StoredItem): string {
  return `${pk.S} ${sk.S}`;
}

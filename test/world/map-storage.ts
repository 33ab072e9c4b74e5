import type { Storage, StoredItem } from '../../world/index.ts';

/** A storage in memory that keeps JSON, like one on a disk. */
export class MapStorage implements Storage {
  readonly #tables = new Map<string, Map<string, string>>();

  load(table: string): readonly unknown[] {
    return [...(this.#tables.get(table)?.values() ?? [])].map((text) => JSON.parse(text));
  }

  save(table: string, item: StoredItem): void {
    const items = this.#tables.get(table) ?? new Map<string, string>();
    this.#tables.set(table, items.set(`${item.pk.S} ${item.sk.S}`, JSON.stringify(item)));
  }

  remove(table: string, { pk, sk }: StoredItem): void {
    this.#tables.get(table)?.delete(`${pk.S} ${sk.S}`);
  }
}

import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Milliseconds within which an editor writes all files of one save. */
const SETTLE_MS = 100;

/** Changes with every save of a file: its modification time and size; `none` if there is no such file. */
export function stampOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? `${stats.mtimeMs} ${stats.size}` : 'none';
}

/** Reports when one of the files that are added to it is changed, created or removed. */
export class FileWatcher {
  readonly #onChange: (file: string) => void;
  readonly #stamps = new Map<string, string>();
  /** Watchers by folder: an editor may replace a file, which a watcher of the file itself would lose. */
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange is called with the first changed file */
  constructor(onChange: (file: string) => void) {
    this.#onChange = onChange;
  }

  /** @param stamp the file's stamp when it was read: a later change is reported, even if it happened before this call */
  add(file: string, stamp: string): void {
    if (this.#stamps.has(file)) return;
    this.#stamps.set(file, stamp);
    this.#watchFolderOf(file);
    if (stampOf(file) !== stamp) this.#compareSoon();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Watches the file's folder, or the nearest one above that exists. */
  #watchFolderOf(file: string): void {
    let folder = dirname(file);
    while (!existsSync(folder)) folder = dirname(folder);
    if (this.#watchers.has(folder)) return;
    this.#watchers.set(
      folder,
      watch(folder, () => this.#compareSoon()).on('error', () => undefined),
    );
  }

  #compareSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#compare(), SETTLE_MS);
  }

  #compare(): void {
    const [changed] = [...this.#stamps].find(([file, stamp]) => stampOf(file) !== stamp) ?? [];
    if (changed !== undefined) this.#onChange(changed);
    // A folder may have been created.
    else for (const file of this.#stamps.keys()) this.#watchFolderOf(file);
  }
}

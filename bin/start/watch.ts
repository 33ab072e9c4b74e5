import { type FSWatcher, globSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';

/** The files that a project's domain can consist of, without tests and generated files. */
const SOURCES = '**/*.{ts,mts,js,mjs,json}';
const IGNORED = new Set(['node_modules', 'test', 'cdk.out', 'coverage', 'dist', 'schemas']);

function isIgnored(name: string): boolean {
  return IGNORED.has(name) || name.startsWith('.');
}

/** Milliseconds within which an editor writes all files of one save. */
const SETTLE_MS = 100;

/** Watches the sources of a project for changes, new files and deleted ones. */
export class SourceWatcher {
  readonly #folder: string;
  readonly #onChange: (file: string) => void;
  #watchers: readonly FSWatcher[] = [];
  #known: ReadonlyMap<string, string>;
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange is called with the first changed file, relative to the folder */
  constructor(folder: string, onChange: (file: string) => void) {
    this.#folder = folder;
    this.#onChange = onChange;
    this.#known = this.#read();
    this.#watchAll();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
  }

  /** Watched folder by folder: a recursive watch would include node_modules. */
  #watchAll(): void {
    for (const watcher of this.#watchers) watcher.close();
    const folders = globSync('**/', { cwd: this.#folder, exclude: isIgnored });
    this.#watchers = ['.', ...folders].map((folder) =>
      watch(join(this.#folder, folder), () => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#compare(), SETTLE_MS);
      }).on('error', () => undefined),
    );
  }

  #compare(): void {
    const before = this.#known;
    this.#known = this.#read();
    const changed =
      [...this.#known].find(([file, stamp]) => before.get(file) !== stamp)?.[0] ??
      [...before.keys()].find((file) => !this.#known.has(file));
    if (changed === undefined) return;
    this.#watchAll();
    this.#onChange(changed);
  }

  /** The modification time and the size of each source. */
  #read(): ReadonlyMap<string, string> {
    return new Map(
      globSync(SOURCES, { cwd: this.#folder, exclude: isIgnored }).flatMap((file) => {
        const stats = statSync(join(this.#folder, file), { throwIfNoEntry: false });
        return stats ? [[file, `${stats.mtimeMs} ${stats.size}`] as const] : [];
      }),
    );
  }
}

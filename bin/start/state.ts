import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import type { Storage, StoredItem } from '../../world/index.ts';

/** The folder in which `meridian start` keeps the state of its Regions, relative to the project. */
export const STATE_FOLDER = '.meridian';

const FILE = 'state.db';

/** Describes the process that has the state open. Nothing else can be read of a locked database. */
const PROCESS_FILE = 'process.json';

const processSchema = z.object({ pid: z.int(), port: z.int().optional() });

/** The version of the tables below. Increase it with every change. */
const FORMAT = 1;

const TABLES = `
  CREATE TABLE items (tbl TEXT, pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (tbl, pk, sk));
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  PRAGMA user_version = ${FORMAT};
`;

const EMPTY = `
  BEGIN; DROP TABLE IF EXISTS items; DROP TABLE IF EXISTS facts; PRAGMA user_version = 0; COMMIT
`;

/** The kept state cannot be used. The message says why, and what to do. */
export class StateError extends Error {
  constructor(folder: string, found: string, options?: ErrorOptions) {
    super(`${join(folder, STATE_FOLDER)}: ${found}`, options);
    this.name = 'StateError';
  }
}

/** The kept state belongs to other Regions. */
export class OtherRegionsError extends StateError {}

const OVER = 'Or start over with --fresh, which deletes it.';

/** Result codes of SQLite. */
const BUSY = 5;
const UNREADABLE = [11, 26];

const namesSchema = z.array(z.string());
const filesSchema = z.record(z.string(), z.string());

interface OpenOptions {
  /** The Regions of the world. */
  readonly regions: readonly string[];
  /** Whether to delete the existing state first. */
  readonly fresh: boolean;
}

/**
 * The state of the Regions of `meridian start`, in a SQLite database. Each write is in the database before it is acknowledged, so the
 * process may be killed at any time. Only one process can open it at a time.
 */
export class State implements Storage {
  readonly #database: DatabaseSync;
  readonly #save: ReturnType<DatabaseSync['prepare']>;
  readonly #remove: ReturnType<DatabaseSync['prepare']>;
  readonly #home: string;
  #isWriting = false;

  private constructor(home: string, database: DatabaseSync) {
    this.#home = home;
    this.#database = database;
    this.#save = database.prepare(
      `INSERT INTO items VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET item = excluded.item WHERE item <> excluded.item`,
    );
    this.#remove = database.prepare('DELETE FROM items WHERE tbl = ? AND pk = ? AND sk = ?');
  }

  /**
   * @param folder the project's
   * @throws StateError if another process has the state open, this code cannot read it, or it belongs to other Regions
   */
  static open(folder: string, { regions, fresh }: OpenOptions): State {
    const home = join(folder, STATE_FOLDER);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, '.gitignore'), '*\n');
    let database: DatabaseSync;
    try {
      database = lock(folder);
    } catch (error) {
      if (!fresh || !UNREADABLE.includes(sqliteCode(error))) throw told(folder, error);
      remove(home);
      database = lock(folder);
    }
    try {
      // The state is emptied under the lock, because another process may be waiting for it.
      if (fresh) database.exec(EMPTY);
      return State.#of(folder, database, regions);
    } catch (error) {
      database.close();
      throw told(folder, error);
    }
  }

  static #of(folder: string, database: DatabaseSync, regions: readonly string[]): State {
    const { user_version: format } = z
      .object({ user_version: z.int() })
      .parse(database.prepare('PRAGMA user_version').get());
    if (format === 0) database.exec(`BEGIN; ${TABLES} COMMIT`);
    else if (format !== FORMAT)
      throw new StateError(
        folder,
        `It has format ${format}, but this version of Meridian reads format ${FORMAT}. Use the version that wrote it. ${OVER}`,
      );
    const state = new State(join(folder, STATE_FOLDER), database);
    const before = state.#read('regions', namesSchema);
    if (before && before.join() !== regions.join())
      throw new OtherRegionsError(
        folder,
        `It holds the Regions ${before.join(', ')}, not ${regions.join(', ')}. List those in cdk.json again, or start with --regions ${before.join(',')}. ${OVER}`,
      );
    state.#write('regions', regions);
    return state;
  }

  /** The process to end so that another one can open the state, and the port that it serves on. */
  set process(described: z.output<typeof processSchema>) {
    writeFileSync(join(this.#home, PROCESS_FILE), JSON.stringify(described));
  }

  load(table: string): readonly unknown[] {
    const rows = this.#database.prepare('SELECT item FROM items WHERE tbl = ? ORDER BY rowid').all(table);
    return z
      .array(z.object({ item: z.string() }))
      .parse(rows)
      .map(({ item }) => JSON.parse(item));
  }

  save(table: string, item: StoredItem): void {
    this.#begin();
    this.#save.run(table, item.pk.S, item.sk.S, JSON.stringify(item));
  }

  remove(table: string, { pk, sk }: StoredItem): void {
    this.#begin();
    this.#remove.run(table, pk.S, sk.S);
  }

  /** The file that defined each stream type when the domain was last read, relative to the project. */
  get files(): Readonly<Record<string, string>> {
    return this.#read('files', filesSchema) ?? {};
  }

  set files(files: Readonly<Record<string, string>>) {
    this.#write('files', files);
  }

  close(): void {
    this.#database.close();
  }

  #read<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const row = this.#database.prepare('SELECT value FROM facts WHERE name = ?').get(name);
    return row && schema.parse(JSON.parse(z.object({ value: z.string() }).parse(row).value));
  }

  #write(name: string, value: unknown): void {
    this.#database.prepare('INSERT OR REPLACE INTO facts VALUES (?, ?)').run(name, JSON.stringify(value));
  }

  /** Starts a transaction for everything that is saved in this turn. It is committed before the caller of the write continues. */
  #begin(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#database.exec('BEGIN');
    queueMicrotask(() => {
      this.#isWriting = false;
      this.#database.exec('COMMIT');
    });
  }
}

/** Opens the database and locks it. @throws Error of SQLite if another process has locked it, or the file is not a database */
function lock(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, STATE_FOLDER, FILE));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec('BEGIN EXCLUSIVE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Which process has the state open, as a part of a sentence; empty if unknown. */
function runningIn(folder: string): string {
  try {
    const file = join(folder, STATE_FOLDER, PROCESS_FILE);
    const { pid, port } = processSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return `: process ${pid}${port === undefined ? '' : `, on port ${port}`}`;
  } catch {
    // The other process has just started, or is of an older version.
    return '';
  }
}

function remove(home: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(join(home, FILE + suffix), { force: true });
}

function sqliteCode(error: unknown): number {
  return z.object({ errcode: z.number() }).safeParse(error).data?.errcode ?? 0;
}

function told(folder: string, cause: unknown): unknown {
  const code = sqliteCode(cause);
  if (code === BUSY)
    return new StateError(
      folder,
      `Another \`meridian start\` is running in this project${runningIn(folder)}. End it first.`,
      { cause },
    );
  if (UNREADABLE.includes(code))
    return new StateError(folder, 'It cannot be read. Start over with --fresh, which deletes it.', { cause });
  return cause;
}

import Table from 'cli-table3';
import { documentOf, type Names, textOf } from './client/problem.ts';

/** Options that every command has. */
export interface OutputOptions {
  /** Output for machines: one JSON document, or one per line. */
  readonly json?: boolean;
}

/**
 * Control characters, and those that change the direction of text. Texts of callers have them, and a terminal would
 * obey them. Line breaks and tabs are ours: `cell` escapes those of callers.
 */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Writes control characters as JSON escapes them, `\u202e`; so JSON stays the same JSON. */
function visible(text: string, kept: string): string {
  return text.replace(CONTROL, (character) =>
    kept.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Prints data, on standard output, without control characters. */
export function sayText(text: string): void {
  process.stdout.write(`${visible(text, '\n\t')}\n`);
}

/** Prints one JSON document, on a line of its own. */
export function sayJson(value: unknown): void {
  sayText(JSON.stringify(value));
}

/** Prints a message that is not data, on standard error, without control characters. */
export function sayNote(text: string): void {
  process.stderr.write(`${visible(text, '\n\t')}\n`);
}

export interface FailOptions {
  /** The command line's name for each part of the request, by the API's path. */
  readonly names?: Names;
  /** The id of a request that may have been carried out despite the error. */
  readonly id?: unknown;
  /** @default 1 */
  readonly exitCode?: number;
}

/** Reports an error, with `json` as a problem document, and sets the exit code. */
export function reportError(
  error: unknown,
  { json = false }: OutputOptions,
  { names, id, exitCode = 1 }: FailOptions = {},
): void {
  sayNote(json ? JSON.stringify({ ...documentOf(error), ...(id !== undefined && { id }) }) : textOf(error, names));
  process.exitCode = exitCode;
}

/** Runs a command's work; errors are reported without a stack trace. */
export async function reportingErrors(options: OutputOptions, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    reportError(error, options);
  }
}

/**
 * A closed standard output, as with `| head`, ends the command silently. A closed standard error does not: the data may still be
 * read.
 */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

export interface Column {
  readonly name: string;
  /** @default left */
  readonly align?: 'left' | 'right';
}

/** A table without borders between its rows. */
export function table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const drawn = new Table({
    head: columns.map(({ name }) => name),
    colAligns: columns.map(({ align = 'left' }) => align),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}

/** The text of a cell: strings on one line, numbers with two decimals, anything else as JSON. */
export function cell(value: unknown): string {
  if (typeof value === 'string') return visible(value, '');
  return JSON.stringify(typeof value === 'number' ? Number(value.toFixed(2)) : value) ?? '';
}

/** `1 line`, `2 lines` */
export function countOf(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

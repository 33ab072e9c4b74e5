import Table from 'cli-table3';
import { documentOf, type Names, textOf } from './client/problem.ts';

/** What every command can do. */
export interface OutputOptions {
  /** For machines: one JSON document, or one a line. */
  readonly json?: boolean;
}

/** Data: on standard output. */
export function sayText(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document, on a line of its own. */
export function sayJson(value: unknown): void {
  sayText(JSON.stringify(value));
}

/** What is not data: on standard error. */
export function sayNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

export interface FailOptions {
  /** What was typed, by what the API calls it. */
  readonly names?: Names;
  /** Of what may have been written all the same. */
  readonly id?: unknown;
  /** @default 1 */
  readonly exitCode?: number;
}

/** Tells what went wrong, a problem document for machines, and sets the exit code. */
export function reportError(
  error: unknown,
  { json = false }: OutputOptions,
  { names, id, exitCode = 1 }: FailOptions = {},
): void {
  sayNote(json ? JSON.stringify({ ...documentOf(error), ...(id !== undefined && { id }) }) : textOf(error, names));
  process.exitCode = exitCode;
}

/** Does a command's work; what goes wrong is told, without a stack trace. */
export async function reportingErrors(options: OutputOptions, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    reportError(error, options);
  }
}

/**
 * A reader that has seen enough, as `| head`, ends the command: quietly. One that only does not listen to errors any more does
 * not: what is under way is the data's.
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

/** A table without lines between its rows. */
export function table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const drawn = new Table({
    head: columns.map(({ name }) => name),
    colAligns: columns.map(({ align = 'left' }) => align),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}

/** What may stand in a cell: texts as they are, numbers to two decimals, anything else as JSON. */
export function cell(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(typeof value === 'number' ? Number(value.toFixed(2)) : value) ?? '';
}

/** `1 line`, `2 lines` */
export function countOf(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

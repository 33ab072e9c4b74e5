// Histories as JSON lines: one object a line, the header first.
import type * as z from 'zod';
import { type History, type Line, lineSchema } from './history.ts';

/**
 * One line of a history.
 * @param number from 1
 * @throws Error with the number: it is not JSON, not a line of a history, or the header is not the first one
 */
export function parseLine(text: string, number: number): Line {
  const { success, data, error } = lineSchema.safeParse(jsonIn(text, number));
  if (!success) throw invalid(number, faultsOf(error));
  if ((number === 1) !== (data.line === 'history'))
    throw invalid(
      number,
      number === 1 ? 'the header, `{"line":"history",…}`, has to be the first line' : 'it is a second header',
    );
  return data;
}

function jsonIn(text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(number, 'it is not JSON', cause);
  }
}

function invalid(number: number, why: string, cause?: unknown): Error {
  return new Error(`Line ${number} is not a line of a history: ${why}.`, { cause });
}

function faultsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
}

/** A history in a text. Empty lines are skipped. @throws Error with the number of a line */
export function parseHistory(text: string): History {
  const lines: Line[] = [];
  for (const [i, line] of text.split('\n').entries()) if (line.trim() !== '') lines.push(parseLine(line, i + 1));
  if (lines.length === 0) throw invalid(1, 'there is none');
  return lines;
}

/** A history from a source of lines, such as a file that is read line by line. @throws Error as `parseHistory` */
export async function readHistory(source: AsyncIterable<string>): Promise<History> {
  const lines: Line[] = [];
  let number = 0;
  for await (const line of source) {
    number++;
    if (line.trim() !== '') lines.push(parseLine(line, number));
  }
  if (lines.length === 0) throw invalid(1, 'there is none');
  return lines;
}

/** A line as text, without the line feed. */
export function encodeLine(line: Line): string {
  return JSON.stringify(line);
}

/** A history as text, each line with its line feed. */
export function encodeHistory(history: History): string {
  return history.map((line) => `${encodeLine(line)}\n`).join('');
}

import { messageOf } from '../../core/facts/errors.ts';
import { APPEND, COMMAND } from '../../core/wire/bus.ts';
import { idOf } from '../../core/wire/envelope.ts';
import { utf8Text } from '../../project/utf8-text.ts';
import { CliError } from '../client/cli-error.ts';

const NEWLINE = 10;
/** The longest line that is kept, in bytes: longer than any envelope, and shorter than the longest request. */
const MAX_LINE_BYTES = 2_000_000;
/** At most this many bytes of an unreadable line go to the quarantine, because a queue's message holds 256 KiB. */
const MAX_KEPT_BYTES = 60_000;

/** A line that holds an envelope with an id. The Region reports other faults. */
export interface Envelope {
  readonly line: number;
  /** The stream that the envelope names, if any. */
  readonly stream: string;
  /** The line, unchanged. */
  readonly json: string;
}

/** A line that cannot be read, in the form in which it is quarantined. */
export interface Unreadable {
  readonly line: number;
  readonly reason: string;
  readonly body: string;
}

/**
 * Splits bytes into lines without line endings, and cuts off lines that are too long. Holds at most a line and a chunk in memory.
 */
async function* split(
  source: AsyncIterable<Buffer>,
): AsyncGenerator<{ readonly bytes: Buffer; readonly cut: boolean }> {
  let parts: Buffer[] = [];
  let size = 0;
  const add = (part: Buffer): void => {
    if (size < MAX_LINE_BYTES) parts.push(part.subarray(0, MAX_LINE_BYTES - size));
    size += part.length;
  };
  const line = () => ({ bytes: Buffer.concat(parts), cut: size > MAX_LINE_BYTES });
  for await (const chunk of source) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, to));
      yield line();
      parts = [];
      size = 0;
      from = to + 1;
    }
    add(chunk.subarray(from));
  }
  if (size > 0) yield line();
}

/** The lines of a file of envelopes, one envelope per line; empty lines are skipped. */
export async function* readLines(source: AsyncIterable<Buffer>): AsyncGenerator<Envelope | Unreadable> {
  let line = 0;
  for await (const { bytes, cut } of split(source)) {
    line++;
    const read = readLine(bytes, cut);
    if (read) yield { line, ...read };
  }
}

/** How many lines are examined: if none of them is an envelope, the file is assumed to be of another kind. */
const MAX_WITHOUT_ENVELOPE = 100;
/** The code of the error if no line is an envelope. */
export const NO_ENVELOPES = 'no-envelopes';

/**
 * Passes the lines on if at least one of the first 100 is an envelope. @throws CliError otherwise, before it has passed any line
 * on
 */
export async function* envelopesOnly(
  lines: AsyncIterable<Envelope | Unreadable>,
): AsyncGenerator<Envelope | Unreadable> {
  const held: Unreadable[] = [];
  let found = false;
  for await (const line of lines) {
    found ||= 'json' in line;
    if (!('json' in line) && !found) {
      held.push(line);
      if (held.length === MAX_WITHOUT_ENVELOPE) break;
      continue;
    }
    yield* held.splice(0);
    yield line;
  }
  const [first] = held;
  if (first)
    throw new CliError(
      NO_ENVELOPES,
      `This does not look like a file of envelopes: line ${first.line}: ${first.reason.replace(/[^.]$/, '$&.')} Give --force to quarantine what cannot be read.`,
    );
}

function readLine(bytes: Buffer, cut: boolean): Omit<Envelope, 'line'> | Omit<Unreadable, 'line'> | undefined {
  if (cut) return unreadable(`The line is longer than ${MAX_LINE_BYTES} bytes.`, bytes);
  let json: string;
  let value: unknown;
  try {
    json = utf8Text(bytes).trim();
    if (json === '') return undefined;
    value = JSON.parse(json);
  } catch (error) {
    const what = messageOf(error);
    return unreadable(error instanceof SyntaxError ? `This is not JSON: ${what}` : what, bytes);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return unreadable('This is not an envelope, which is a JSON object.', bytes);
  if (idOf(value) === undefined)
    return unreadable(
      'It has no usable id: 1 to 200 visible ASCII characters.',
      bytes,
      eventOf('command' in value ? COMMAND : APPEND, json),
    );
  const stream = 'stream' in value && typeof value.stream === 'string' ? value.stream : '';
  return { stream, json };
}

/** A line as an event on the bus. The text is kept: a value that is nested too deeply cannot be written as JSON again. */
function eventOf(detailType: string, detail: string): string {
  return `{"detail-type":"${detailType}","source":"meridian-command-line","detail":${detail}}`;
}

/** @param event the line as an event on the bus, if known */
function unreadable(reason: string, bytes: Buffer, event?: string): Omit<Unreadable, 'line'> {
  const body = event ?? bytes.subarray(0, MAX_KEPT_BYTES).toString();
  if (bytes.length <= MAX_KEPT_BYTES) return { reason, body };
  return { reason: `${reason} Only the start of the line is kept.`, body: body.slice(0, MAX_KEPT_BYTES) };
}

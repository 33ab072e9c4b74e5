import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../core/facts/errors.ts';
import { sentence } from '../../project/place.ts';
import type { WorldOptions } from '../../world/index.ts';
import { sayNote } from '../output.ts';

type Log = NonNullable<WorldOptions['telemetry']>['log'];

/** The number of stack lines shown for an error whose stack has none of the project's files. */
const MOST_FOREIGN = 5;

/**
 * Logs errors that the project's own code throws inside a function: the message, and the project's lines of the stack.
 * An error of a subscriber counts as the project's even if no line of its stack is in the project: a library may have
 * thrown it many calls deeper, or without a stack. Also logs each message of a subscriber that moves to the dead-letter
 * queue.
 */
export function errorLog(folder: string): Log {
  const logged = new Set<string>();
  const log = (message: string, details: Readonly<Record<string, unknown>>): void => {
    const { error, subscriber } = details;
    if (details.deadLetter !== undefined) {
      sayNote(deadLetterText(details));
      return;
    }
    if (!(error instanceof Error)) return;
    const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
    const own = frames
      .filter((line) => line.includes(folder + sep) || line.includes(pathToFileURL(folder + sep).href))
      .filter((line) => !line.includes(`${sep}node_modules${sep}`));
    if (own.length === 0 && subscriber === undefined) return;
    const what = subscriber === undefined ? message : `Subscriber ${subscriber} failed, and its message is redelivered`;
    const text = [`${what}: ${error.message}`, ...(own.length > 0 ? own : frames.slice(0, MOST_FOREIGN))].join('\n');
    // A message that fails is redelivered many times.
    if (!logged.has(text)) sayNote(text);
    logged.add(text);
  };
  return { warn: log, error: log };
}

function deadLetterText({ subscriber, region, deadLetter, error }: Readonly<Record<string, unknown>>): string {
  const [why = ''] =
    error === undefined ? ['its function timed out, or its process ended'] : messageOf(error).split('\n');
  return `Subscriber ${subscriber} gave up on ${deadLetter} in ${region}, and its message is in the dead-letter queue: ${sentence(why)} A restart delivers it again.`;
}

import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WorldOptions } from '../../world/index.ts';
import { sayNote } from '../output.ts';

type Log = NonNullable<WorldOptions['telemetry']>['log'];

/** The number of stack lines shown of an error that shows none of the project's files. */
const MOST_FOREIGN = 5;

/**
 * Logs errors that the project's own code throws inside a function: the message, and the project's lines of the stack. An error of a
 * subscriber is the project's even if its stack does not show it: a library may have thrown it far below, or without a stack.
 */
export function errorLog(folder: string): Log {
  const logged = new Set<string>();
  const log = (message: string, { error, subscriber }: Readonly<Record<string, unknown>>): void => {
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

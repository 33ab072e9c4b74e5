import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WorldOptions } from '../../world/index.ts';
import { sayNote } from '../output.ts';

type Log = NonNullable<WorldOptions['telemetry']>['log'];

/** Logs errors that the project's own code throws inside a function: the message, and the project's lines of the stack. */
export function errorLog(folder: string): Log {
  const logged = new Set<string>();
  const log = (message: string, { error }: Readonly<Record<string, unknown>>): void => {
    if (!(error instanceof Error)) return;
    const own = (error.stack ?? '')
      .split('\n')
      .filter((line) => line.includes(folder + sep) || line.includes(pathToFileURL(folder + sep).href))
      .filter((line) => !line.includes(`${sep}node_modules${sep}`));
    if (own.length === 0) return;
    const text = [`${message}: ${error.message}`, ...own].join('\n');
    // A message that fails is redelivered many times.
    if (!logged.has(text)) sayNote(text);
    logged.add(text);
  };
  return { warn: log, error: log };
}

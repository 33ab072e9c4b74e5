import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WorldOptions } from '../../world/index.ts';
import { sayNote } from '../output.ts';

type Log = NonNullable<WorldOptions['telemetry']>['log'];

/** Prints errors that the project's own code throws in a function: the message, and the project's lines of the stack. */
export function errorLog(folder: string): Log {
  const told = new Set<string>();
  const tell = (message: string, { error }: Readonly<Record<string, unknown>>): void => {
    if (!(error instanceof Error)) return;
    const own = (error.stack ?? '')
      .split('\n')
      .filter((line) => line.includes(folder + sep) || line.includes(pathToFileURL(folder + sep).href))
      .filter((line) => !line.includes(`${sep}node_modules${sep}`));
    if (own.length === 0) return;
    const text = [`${message}: ${error.message}`, ...own].join('\n');
    // A failing message is redelivered repeatedly; its error is printed once.
    if (!told.has(text)) sayNote(text);
    told.add(text);
  };
  return { warn: tell, error: tell };
}

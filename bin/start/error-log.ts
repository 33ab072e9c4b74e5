import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isUnexpected } from '../../core/facts/errors.ts';
import { errorLog } from '../../world/error-log.ts';
import type { WorldOptions } from '../../world/index.ts';
import { sayNote } from '../output.ts';

type Log = NonNullable<WorldOptions['telemetry']>['log'];

/** The number of stack lines shown for an error whose stack has none of the project's files. */
const MOST_FOREIGN = 5;

/**
 * Prints errors that the project's own code throws inside a function: the message, and the project's lines of the
 * stack. Of an unexpected error with no such line, such as that a view has made a row that cannot be stored, the message alone. An error of a subscriber counts as the project's even if no line of its stack is in the project: a library may
 * have thrown it many calls deeper, or without a stack.
 */
export function projectErrorLog(folder: string): Log {
  return errorLog({
    print: sayNote,
    framesOf({ error, frames, isOfSubscriber }) {
      const own = frames
        .filter((line) => line.includes(folder + sep) || line.includes(pathToFileURL(folder + sep).href))
        .filter((line) => !line.includes(`${sep}node_modules${sep}`));
      if (own.length > 0) return own;
      if (isOfSubscriber) return frames.slice(0, MOST_FOREIGN);
      // What a function of the project returned was refused, after it had returned.
      return isUnexpected(error) ? [] : undefined;
    },
    deadLetterHint: 'A restart delivers it again.',
  });
}

import { isUnexpected, messageOf } from '../core/facts/errors.ts';
import type { Log, Telemetry } from '../lambdas/instrument.ts';
import { sentence } from '../project/place.ts';

/** An error inside a function, to be printed or not. */
export interface LoggedError {
  readonly error: Error;
  /** The lines of its stack, without its message. */
  readonly frames: readonly string[];
  /** True if a subscriber threw it. */
  readonly isOfSubscriber: boolean;
}

interface ErrorLogOptions {
  readonly print: (text: string) => void;
  /** The lines of the stack to print; undefined: the error is not printed. */
  readonly framesOf: (logged: LoggedError) => readonly string[] | undefined;
  /** What to do about a message in a dead-letter queue. @default nothing is said about it */
  readonly deadLetterHint?: string;
}

/**
 * A log of functions that prints each error once, when it first occurs. It also prints a line for each message of a
 * subscriber that moves to the dead-letter queue.
 */
export function errorLog({ print, framesOf, deadLetterHint }: ErrorLogOptions): Log {
  const printed = new Set<string>();
  const log = (message: string, details: Readonly<Record<string, unknown>>): void => {
    const { error, subscriber, about, region } = details;
    if (details.deadLetter !== undefined) {
      print([deadLetterText(details), ...(deadLetterHint === undefined ? [] : [deadLetterHint])].join(' '));
      return;
    }
    if (!(error instanceof Error)) return;
    const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
    const shown = framesOf({ error, frames, isOfSubscriber: subscriber !== undefined });
    if (!shown) return;
    const what =
      subscriber === undefined
        ? message
        : `Subscriber ${subscriber} failed on ${about} in ${region}, and its message is redelivered`;
    // A message that fails is redelivered many times, and other messages fail in the same place. The calls that lead
    // there differ between a cold and a warm instance.
    const same = JSON.stringify([subscriber ?? message, error.message, shown[0]]);
    if (!printed.has(same)) print([`${what}: ${error.message}`, ...shown].join('\n'));
    printed.add(same);
  };
  return { info: () => undefined, warn: log, error: log };
}

function deadLetterText({ subscriber, region, deadLetter, error }: Readonly<Record<string, unknown>>): string {
  const [why = ''] =
    error === undefined ? ['its function timed out, or its process ended'] : messageOf(error).split('\n');
  return `Subscriber ${subscriber} gave up on ${deadLetter} in ${region}, and its message is in the dead-letter queue: ${sentence(why)}`;
}

/** Prints unexpected errors, and all errors of subscribers, to standard error. */
export function printedErrors(): Telemetry {
  const log = errorLog({
    // biome-ignore lint/suspicious/noConsole: test runners show what the console prints with the test that printed it
    print: (text) => console.error(text),
    framesOf: ({ error, frames, isOfSubscriber }) => (isOfSubscriber || isUnexpected(error) ? frames : undefined),
  });
  return { log, middlewares: [] };
}

/** Prints nothing, for tests of a world in which functions fail. */
export const silentTelemetry: Telemetry = {
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  middlewares: [],
};

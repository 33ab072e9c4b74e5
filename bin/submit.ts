import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { openRegion } from './client/open.ts';
import { mayStand } from './client/problem.ts';
import { reportError, reportingErrors, sayJson, sayNote, sayText } from './output.ts';
import type { RegionOptions } from './region-command.ts';

/** What is kept with a commit. */
export interface MetaOptions {
  readonly actor?: string | undefined;
  readonly correlation?: string | undefined;
  readonly causation?: string | undefined;
}

export function addMetaOptions(command: Command): Command {
  return command
    .option('--actor <text>', 'kept with the commit: who does it')
    .option('--correlation <text>', 'kept with the commit: what it belongs to')
    .option('--causation <text>', 'kept with the commit: what caused it');
}

/** @returns undefined when none of it was given */
export function metaOf({ actor, correlation, causation }: MetaOptions): MetaOptions | undefined {
  // What is undefined is left out of JSON.
  return (actor ?? correlation ?? causation) === undefined ? undefined : { actor, correlation, causation };
}

/** What an append can be given beside its events or its command. */
export interface SubmitOptions extends RegionOptions, MetaOptions {
  readonly id?: string;
  readonly expected?: string;
  readonly basedOn?: string;
}

export function addSubmitOptions(command: Command): Command {
  return addMetaOptions(
    command
      .optionsGroup('Append:')
      .option('--id <id>', 'so that it happens once, however often it is sent; made and printed when not given')
      .addOption(
        new Option('--expected <version>', 'of a home stream: the version that it has to be at').conflicts('basedOn'),
      )
      .option('--based-on <version>', 'of a merge stream: the version that you looked at'),
  );
}

/** Sends an append and prints where it stands. */
export function submitFromOptions(stream: string, request: object, options: SubmitOptions): Promise<void> {
  return reportingErrors(options, async () => {
    const { id = randomUUID(), expected, basedOn, json = false } = options;
    const region = await openRegion(options);
    try {
      const appended = await region.submit({ id, stream, ...request, expected, basedOn, meta: metaOf(options) });
      if (json) sayJson(appended);
      else
        sayText(
          appended.log === undefined
            ? `${stream} stays as it is: nothing had to be written.\nid       ${id}\nversion  ${appended.version}`
            : `${stream} has a new commit: position ${appended.position} of log ${appended.log}.\nid       ${id}\nversion  ${appended.version}`,
        );
    } catch (error) {
      // It may stand all the same, when only the answer was lost.
      if (!mayStand(error)) throw error;
      if (!json) sayNote(`It may have been written. To send it again without doing it twice: --id ${id}`);
      reportError(error, options, { id });
    }
  });
}

/**
 * JSON from the command line; `-` stands for standard input.
 * @throws SyntaxError
 */
export async function jsonArgument(argument: string): Promise<unknown> {
  return JSON.parse(argument === '-' ? await text(process.stdin) : argument);
}

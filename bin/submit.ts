import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { utf8Text } from '../project/utf8-text.ts';
import { openRegion } from './client/open.ts';
import { mayStand } from './client/problem.ts';
import { reportError, reportingErrors, sayJson, sayNote, sayText } from './output.ts';
import type { RegionOptions } from './region-command.ts';

/** Metadata stored with a commit. */
export interface MetaOptions {
  readonly actor?: string | undefined;
  readonly correlation?: string | undefined;
  readonly causation?: string | undefined;
}

export function addMetaOptions(command: Command): Command {
  return command
    .option('--actor <text>', 'stored with the commit: who caused it')
    .option('--correlation <text>', 'stored with the commit: what it belongs to')
    .option('--causation <text>', 'stored with the commit: what triggered it');
}

/** @returns undefined if none was given */
export function metaOf({ actor, correlation, causation }: MetaOptions): MetaOptions | undefined {
  // JSON omits undefined members.
  return (actor ?? correlation ?? causation) === undefined ? undefined : { actor, correlation, causation };
}

/** Options of an append, in addition to its events or its command. */
export interface SubmitOptions extends RegionOptions, MetaOptions {
  readonly id?: string;
  readonly expected?: string;
  readonly basedOn?: string;
}

export function addSubmitOptions(command: Command): Command {
  return addMetaOptions(
    command
      .optionsGroup('Append:')
      .option('--id <id>', 'makes repeated sends take effect once; generated and printed if not given')
      .addOption(
        new Option('--expected <version>', 'for a home stream: the version that it must be at').conflicts('basedOn'),
      )
      .option('--based-on <version>', 'for a merge stream: the version that your decision is based on'),
  );
}

/** Sends an append and prints its position. */
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
            ? `${stream} is unchanged: there was nothing to write.\nid       ${id}\nversion  ${appended.version}`
            : `${stream} has a new commit: position ${appended.position} of log ${appended.log}.\nid       ${id}\nversion  ${appended.version}`,
        );
    } catch (error) {
      // If only the response was lost, the append may be committed despite the error.
      if (!mayStand(error)) throw error;
      if (!json) sayNote(`It may have been written. To send it again safely: --id ${id}`);
      reportError(error, options, { id });
    }
  });
}

/**
 * JSON from the command line; `-` reads standard input.
 * @throws SyntaxError when it is not JSON, Error when standard input is not UTF-8
 */
export async function jsonArgument(argument: string): Promise<unknown> {
  return JSON.parse(argument === '-' ? utf8Text(await buffer(process.stdin)) : argument.replace(/^\uFEFF/, ''));
}

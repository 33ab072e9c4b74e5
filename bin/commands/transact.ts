import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { messageOf } from '../../core/facts/errors.ts';
import { readText } from '../../project/utf8-text.ts';
import { CliError } from '../client/cli-error.ts';
import type { Names } from '../client/problem.ts';
import { fileErrorOf } from '../file-error.ts';
import { reportError } from '../output.ts';
import { regionCommand } from '../region-command.ts';
import { jsonArgument, metaOf } from '../submit.ts';
import { addTransactOptions, sendTransaction, type TransactionBody, type TransactOptions } from '../transact.ts';

interface Check {
  readonly stream: string;
  readonly expected: string;
}

/** Collects repeated `<stream>=<version>` options. */
function check(text: string, before: readonly Check[] = []): readonly Check[] {
  const [, stream, expected] = /^([^/=]+\/[^=]+)=(.+)$/.exec(text) ?? [];
  if (stream === undefined || expected === undefined)
    throw new InvalidArgumentError('Write <stream>=<version>, with a version as `meridian stream` prints it.');
  return [...before, { stream, expected }];
}

/** `meridian transact` */
export function addTransact(program: Command): void {
  const command = addTransactOptions(
    regionCommand(program, 'transact', 'change several streams together, or none of them')
      .argument(
        '<participants>',
        'JSON, a file that contains it, or `-` for standard input: an array of {stream, command, input} or {stream, events}, or a complete request',
      )
      .optionsGroup('Transaction:')
      .option('--check <stream=version>', 'also require this stream to be at this version; may be repeated', check),
  );
  command.action(async (text: string, options: TransactCommandOptions) => {
    let asked: Asked;
    try {
      asked = together(bodyOf(await jsonOf(text)), options);
    } catch (error) {
      if (error instanceof CliError) return reportError(error, options);
      return command.error(`error: ${messageOf(error)}`);
    }
    await sendTransaction(options, asked.body, { names: asked.names });
  });
}

type TransactCommandOptions = TransactOptions & { readonly check?: readonly Check[] };

/** The request, and the option or the member of the JSON that each of its parts comes from. */
interface Asked {
  readonly body: TransactionBody;
  readonly names: Names;
}

const membersSchema = z.record(z.string(), z.unknown());

/** The JSON, completed by the options. @throws Error when an option contradicts the JSON */
function together(json: TransactionBody, options: TransactCommandOptions): Asked {
  const names: Record<string, string> = {};
  const one = (path: string, option: string, inJson: unknown, given: unknown): unknown => {
    if (inJson !== undefined && given !== undefined && inJson !== given)
      throw new Error(
        `${path} is ${JSON.stringify(inJson)} in the JSON, but ${option} is ${given}: specify only one of them.`,
      );
    names[path] = inJson === undefined ? option : path;
    return inJson === undefined ? given : inJson;
  };
  const id = one('id', '--id', json.id, options.id);
  const timeoutSeconds = one('timeoutSeconds', '--timeout', json.timeoutSeconds, options.timeout);
  // A `meta` that is not an object is passed on unchanged: the Region refuses it.
  const { data: metaInJson = {}, success: canHaveMore } = membersSchema.optional().safeParse(json.meta);
  const given = metaOf(options);
  const meta = { ...metaInJson };
  for (const member of ['actor', 'correlation', 'causation'] as const)
    meta[member] = one(`meta.${member}`, `--${member}`, metaInJson[member], given?.[member]);
  const { check = [] } = options;
  const { checks = [] } = json;
  if (Array.isArray(checks))
    for (const [i, { stream }] of check.entries())
      for (const part of ['stream', 'expected']) names[`checks[${checks.length + i}].${part}`] = `--check ${stream}`;
  return {
    body: {
      ...json,
      id,
      timeoutSeconds,
      meta: canHaveMore ? meta : json.meta,
      checks: Array.isArray(checks) ? [...checks, ...check] : checks,
    },
    names,
  };
}

/** @throws CliError `no-file`, Error when it is not JSON */
async function jsonOf(argument: string): Promise<unknown> {
  const isJson = /^\s*[[{]/.test(argument);
  try {
    return await jsonArgument(isJson || argument === '-' ? argument : contentOf(argument));
  } catch (error) {
    if (error instanceof CliError) throw error;
    const what = isJson ? 'The participants are' : `${argument === '-' ? 'Standard input' : argument} is`;
    throw new Error(`${what} not JSON: ${messageOf(error)}`);
  }
}

function contentOf(file: string): string {
  try {
    return readText(file);
  } catch (error) {
    throw new CliError('no-file', `${file} cannot be read: ${fileErrorOf(error)}.`, { cause: error });
  }
}

/**
 * Returns the request: an array is its participants; an object is sent as it is, and checked by the Region.
 * @throws Error
 */
function bodyOf(json: unknown): TransactionBody {
  if (Array.isArray(json)) return { participants: json };
  if (typeof json === 'object' && json !== null) return json;
  throw new Error('The participants must be an array.');
}

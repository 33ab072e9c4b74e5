import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { fileErrorOf } from '../file-error.ts';
import { fail } from '../output.ts';
import { regionCommand } from '../region-command.ts';
import { jsonArgument } from '../submit.ts';
import { addTransactOptions, type TransactionBody, type TransactOptions, transact } from '../transact.ts';

interface Check {
  readonly stream: string;
  readonly expected: string;
}

/** `<stream>=<version>`, once more for each. */
const check = (text: string, before: readonly Check[] = []): readonly Check[] => {
  const [, stream, expected] = /^([^/=]+\/[^=]+)=(.+)$/.exec(text) ?? [];
  if (stream === undefined || expected === undefined)
    throw new InvalidArgumentError('Write <stream>=<version>, with a version as `meridian stream` prints it.');
  return [...before, { stream, expected }];
};

/** `meridian transact` */
export const addTransact = (program: Command): void => {
  const command = addTransactOptions(
    regionCommand(program, 'transact', 'change several streams together, or none of them')
      .argument(
        '<participants>',
        'JSON: an array of {stream, command, input} or {stream, events}, or the whole request; a file with it; `-` reads standard input',
      )
      .optionsGroup('Transaction:')
      .option('--check <stream=version>', 'only if this stream, too, is at this version; once or more', check),
  );
  command.action(async (text: string, options: TransactOptions & { readonly check?: readonly Check[] }) => {
    let asked: TransactionBody;
    try {
      asked = bodyOf(await jsonOf(text));
    } catch (error) {
      if (error instanceof CliError) return fail(error, options);
      return command.error(`error: ${error instanceof Error ? error.message : error}`);
    }
    const { check: checks = [] } = options;
    const all = Array.isArray(asked.checks) ? [...asked.checks, ...checks] : checks;
    await transact(options, () => (checks.length > 0 ? { ...asked, checks: all } : asked));
  });
};

/** @throws CliError `no-file`, Error when it is not JSON */
const jsonOf = async (argument: string): Promise<unknown> => {
  const isJson = /^\s*[[{]/.test(argument);
  try {
    return await jsonArgument(isJson || argument === '-' ? argument : await contentOf(argument));
  } catch (error) {
    if (error instanceof CliError) throw error;
    const what = isJson ? 'The participants are' : `What is in ${argument === '-' ? 'standard input' : argument} is`;
    throw new Error(`${what} not JSON: ${error instanceof Error ? error.message : error}`);
  }
};

const contentOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError('no-file', `${file} cannot be read: ${fileErrorOf(error)}.`, { cause: error });
  }
};

/** An array is the participants. What an object holds the Region checks. @throws Error */
const bodyOf = (json: unknown): TransactionBody => {
  if (Array.isArray(json)) return { participants: json };
  if (typeof json === 'object' && json !== null) return json;
  throw new Error('The participants have to be an array.');
};

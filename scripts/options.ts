import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * The options of an npm script. For any other argument, prints the error and `usage` to standard error, and exits with 2.
 * The reader of standard output may close it early, as `head` does.
 */
export function readOptions<const Given extends Options>(
  usage: string,
  options: Given,
): ReturnType<typeof parseArgs<{ options: Given }>>['values'] {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
    process.exit(2);
  }
}

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
  return orExit(usage, () => parseArgs({ options }).values);
}

/** Like `readOptions`, for a script that takes names too. */
export function readArguments<const Given extends Options>(
  usage: string,
  options: Given,
): ReturnType<typeof parseArgs<{ options: Given; allowPositionals: true }>> {
  return orExit(usage, () => parseArgs({ options, allowPositionals: true }));
}

function orExit<T>(usage: string, read: () => T): T {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
    process.exit(2);
  }
}

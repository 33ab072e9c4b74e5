import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { History } from '../../checkers/history.ts';
import { judgeHistory, readHistory } from '../../checkers/index.ts';
import { messageOf } from '../../core/facts/errors.ts';
import { documentOf, sayReport } from '../check/report.ts';
import { CliError } from '../client/cli-error.ts';
import { fileErrorOf } from '../file-error.ts';
import { type OutputOptions, reportError, sayJson } from '../output.ts';

/** There is nothing to check. */
const NO_HISTORY = 2;

/** `meridian check` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('check a history that `meridian record` or the simulator has written: which promises does it break?')
    .argument('<file>', 'JSON lines; `-` reads them from standard input')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 no promise is broken; 1 one is; 2 the file is no history.`,
    )
    .action(async (file: string, options: OutputOptions) => {
      const history = await historyIn(file).catch((error: unknown) =>
        reportError(error, options, { exitCode: NO_HISTORY }),
      );
      if (!history) return;
      const verdict = judgeHistory(history);
      if (verdict.violations.length > 0) process.exitCode = 1;
      if (options.json) sayJson(documentOf(history, verdict));
      else sayReport(history, verdict);
    });
}

/** @throws CliError `no-file`, `no-history` */
async function historyIn(file: string): Promise<History> {
  const input = file === '-' ? process.stdin : await opened(file);
  try {
    return await readHistory(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }));
  } catch (error) {
    const source = file === '-' ? 'Standard input' : file;
    throw new CliError('no-history', `${source} is not a history. ${messageOf(error)}`, { cause: error });
  }
}

/** @throws CliError `no-file` */
async function opened(file: string) {
  const input = createReadStream(file);
  try {
    await once(input, 'readable');
    return input;
  } catch (error) {
    throw new CliError('no-file', `${file} cannot be read: ${fileErrorOf(error)}.`, { cause: error });
  }
}

import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { encodeLine } from '../../checkers/index.ts';
import type { Project } from '../../project/project.ts';
import { readWorkload } from '../../project/workload-file.ts';
import type { Workload } from '../../workload/workload.ts';
import { CliError } from '../client/cli-error.ts';
import { findCredentials } from '../client/open.ts';
import { fileErrorOf } from '../file-error.ts';
import { needProject } from '../need-project.ts';
import { countOf, reportingErrors, sayJson, sayNote, sayText } from '../output.ts';
import { record } from '../record/record.ts';
import { type RegionOptions, regionCommand, wholeNumber } from '../region-command.ts';
import { checkReachable } from '../smoke/read-checks.ts';

interface RecordCommandOptions extends RegionOptions {
  readonly history: string;
  readonly workload?: string;
  readonly operations: number;
  readonly sessions: number;
  readonly minutes: number;
  readonly seed?: number;
  readonly within: number;
}

/** `meridian record` */
export function addRecord(program: Command, project: Project | undefined): void {
  regionCommand(
    program,
    'record',
    'run clients against all Regions, and write down what they see, for `meridian check`',
  )
    .option('--history <file>', 'the file to write', 'history.jsonl')
    .option('--workload <file>', 'what clients do (default: the file that package.json names as meridian.workload)')
    .option('--operations <n>', 'how many operations clients send', wholeNumber(1, 1_000_000), 100)
    .option('--sessions <n>', 'how many clients there are', wholeNumber(1, 1000), 6)
    .option(
      '--minutes <n>',
      'spread the operations over this time (default: as fast as clients get responses)',
      wholeNumber(0, 10_000),
      0,
    )
    .option('--seed <n>', 'draw the same operations as with this number before', wholeNumber(0, 0x7fff_ffff))
    .option('--within <seconds>', 'how long the Regions may take to agree in the end', wholeNumber(1, 3600), 120)
    .addHelpText(
      'after',
      `
It writes to new streams, whose ids contain the time; they are not deleted.
Exit codes: 0 the history is written; 1 an error; 2 wrong usage. Whether a promise is broken: meridian check <file>.`,
    )
    .action((options: RecordCommandOptions) => reportingErrors(options, () => recordTo(options, project)));
}

async function recordTo(options: RecordCommandOptions, project: Project | undefined): Promise<void> {
  const { history: file, operations, sessions, minutes, within, url, region, name, json = false } = options;
  const workload = await workloadOf(options, project);
  const where = { url, region, name };
  await findCredentials(where);
  const { value } = await checkReachable(where);
  const seed = options.seed ?? Date.now() % 0x7fff_ffff;
  const output = openFile(file);
  const begin = performance.now();
  const { history, agree } = await record({
    ...{ regions: value.regions, workload, seed, operations, sessions },
    ...{ key: String(Date.now()), lasts: minutes * 60_000, withinMs: within * 1000 },
    onStep: (step) => {
      if (json) return;
      if (step === 'begin')
        sayNote(`${countOf(operations, 'operation')} in ${value.regions.size} Regions, seed ${seed} …`);
      else sayNote('All operations are over. Waiting until the Regions agree …');
    },
  });
  for (const line of history) writeSync(output, `${encodeLine(line)}\n`);
  closeSync(output);
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  if (json) return sayJson({ history: file, operations, seed, seconds, agree });
  if (!agree) sayNote(`The Regions did not agree within ${within} s.`);
  sayText(
    `${file} has the history of ${countOf(operations, 'operation')}, in ${seconds} s.\nCheck it: meridian check ${file}`,
  );
}

function workloadOf({ workload }: RecordCommandOptions, project: Project | undefined): Promise<Workload> {
  if (workload !== undefined) return readWorkload(resolve(workload));
  const named = needProject(project).workload;
  if (named === undefined)
    throw new CliError(
      'no-workload',
      'package.json names no workload: write one, and its path as `meridian.workload`, or give --workload. See docs/guides/testing.md.',
    );
  return readWorkload(named);
}

/** @throws CliError `no-file` */
function openFile(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (error) {
    throw new CliError('no-file', `${file} cannot be written: ${fileErrorOf(error)}.`, { cause: error });
  }
}

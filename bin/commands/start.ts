import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { parseJson } from '../../core/facts/json.ts';
import type { Project } from '../../project/project.ts';
import { needProject } from '../need-project.ts';
import { reportError } from '../output.ts';
import type { StartOptions } from '../start/run.ts';

const REGION = /^[a-z]{2}(-[a-z]+)+-\d+$/;
const DEFAULT_REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'];

export function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return number;
}

export function regions(text: string): readonly string[] {
  const names = text.split(',');
  const fault =
    names.filter((name) => !REGION.test(name)).map((name) => `"${name}" is not an AWS Region.`)[0] ??
    names.filter((name, i) => names.indexOf(name) < i).map((name) => `${name} is listed twice.`)[0] ??
    (names.length < 2 || names.length > 5 ? `Found ${names.length}.` : undefined);
  if (fault !== undefined)
    throw new InvalidArgumentError(
      `${fault} List two to five different AWS Regions, separated by commas without spaces.`,
    );
  return names;
}

const contextSchema = z.object({
  context: z.object({ regions: z.array(z.string().regex(REGION)).min(2).max(5).default(DEFAULT_REGIONS) }).prefault({}),
});

/**
 * The Regions that the project is deployed to, so that ids that name a Region are valid locally too.
 * @throws Error if cdk.json is not JSON, or its Regions cannot be used
 */
function regionsOf({ folder }: Project): readonly string[] {
  const file = join(folder, 'cdk.json');
  if (!existsSync(file)) return DEFAULT_REGIONS;
  const { success, data, error } = contextSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (!success)
    throw new Error(
      `${file}: ${z.prettifyError(error)}\nIt must be JSON; "regions" in "context" lists two to five AWS Regions. Or use --regions.`,
    );
  return data.context.regions;
}

type Options = Omit<StartOptions, 'regions'> & { readonly regions?: readonly string[]; readonly restart: boolean };

/** Adds `meridian start`, unless the project has its own command of this name. */
export function addStart(program: Command, project: Project | undefined): void {
  program
    .command('start')
    .description(
      "run the project's streams in several Regions in one process, show that they agree, and serve their APIs",
    )
    .addOption(
      new Option('--regions <list>', 'two to five Regions, separated by commas (default: those in cdk.json)').argParser(
        regions,
      ),
    )
    .option('--port <port>', 'where to serve, on 127.0.0.1 only', port, 4700)
    .option('--no-latency', 'do not simulate the latency between Regions')
    .option('--fresh', 'delete the state in .meridian/ first')
    .option('--once', 'exit with 0 as soon as the Regions agree, or with 1 if they do not')
    .option('--no-restart', 'do not restart when a file is saved')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nWith `npm start`, options follow two hyphens: npm start -- --port 4800')
    .action(async ({ restart, ...options }: Options) => {
      const found = needProject(project);
      try {
        if (restart && !options.once) {
          const { supervise } = await import('../start/supervise.ts');
          await supervise(found.folder, argsOf(process.argv));
        }
        process.on('disconnect', () => process.exit());
        // Loading the world takes longer than running most other commands.
        const { runProject } = await import('../start/run.ts');
        await runProject(found, { ...options, regions: options.regions ?? regionsOf(found) });
      } catch (error) {
        reportError(error, options);
        process.exit(1);
      }
    });
}

/** The given options, and separately `--fresh`, which is only for the first process. */
function argsOf(argv: readonly string[]): { readonly args: readonly string[]; readonly first: readonly string[] } {
  const given = argv.slice(argv.indexOf('start') + 1);
  return { args: given.filter((each) => each !== '--fresh'), first: given.filter((each) => each === '--fresh') };
}

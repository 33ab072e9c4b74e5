import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { regionsFault } from '../../core/names.ts';
import { unknownRegions } from '../../project/aws-regions.ts';
import { readJsonFile } from '../../project/json-file.ts';
import type { Project } from '../../project/project.ts';
import { needProject } from '../need-project.ts';
import { reportError, sayNote } from '../output.ts';
import type { StartOptions } from '../start/run.ts';

const DEFAULT_REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'];
/** Milliseconds between checks whether npm has ended. */
const NPM_POLL_MS = 500;

const LIST_REGIONS = 'List two to five different AWS Regions';

export function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return number;
}

export function regions(text: string): readonly string[] {
  const names = text.split(',');
  const fault = regionsFault(names);
  if (fault !== undefined)
    throw new InvalidArgumentError(
      `${fault} ${LIST_REGIONS}, separated by commas without spaces, for example us-east-1,us-west-2.`,
    );
  return names;
}

const contextSchema = z.object({
  context: z
    .object({
      regions: z
        .union([z.array(z.string()), z.string().transform((list) => list.split(','))], 'not a list of AWS Regions')
        .optional(),
    })
    .default({}),
});

/**
 * The Regions in the context of the project's cdk.json, so that ids that name a Region are valid locally too.
 * @returns undefined if it lists none @throws Error if cdk.json is not JSON, or its Regions cannot be used
 */
function regionsOf({ folder }: Project): readonly string[] | undefined {
  const file = join(folder, 'cdk.json');
  if (!existsSync(file)) return undefined;
  const cdk = readJsonFile(file, contextSchema);
  const listed = 'fault' in cdk ? undefined : cdk.data.context.regions;
  const fault = 'fault' in cdk ? cdk.fault : listed && regionsFault(listed);
  if (fault !== undefined)
    throw new Error(
      `${file}: ${fault}\n${LIST_REGIONS} as "regions" in "context", for example ["us-east-1", "us-west-2"]. Or use --regions.`,
    );
  return listed;
}

/** The Regions to run, and where they are configured. */
function chosenRegions(
  project: Project,
  given: readonly string[] | undefined,
): Pick<StartOptions, 'regions' | 'regionsFrom'> {
  if (given) return { regions: given, regionsFrom: '--regions' };
  const listed = regionsOf(project);
  if (listed) return { regions: listed, regionsFrom: 'cdk.json' };
  return { regions: DEFAULT_REGIONS, regionsFrom: 'default' };
}

type Options = Omit<StartOptions, 'regions' | 'regionsFrom'> & {
  readonly regions?: readonly string[];
  readonly restart: boolean;
};

/** Adds `meridian start`, unless the project has its own command of this name. */
export function addStart(program: Command, project: Project | undefined): void {
  program
    .command('start')
    .description(
      "run the project's streams in several Regions in one process, show that they agree, and serve their APIs",
    )
    .addOption(
      new Option(
        '--regions <list>',
        'two to five Regions, separated by commas (default: those in the context of cdk.json)',
      ).argParser(regions),
    )
    .option('--port <port>', 'where to serve, on 127.0.0.1 only', port, 4700)
    .option('--no-latency', 'do not simulate the latency between Regions')
    .option('--fresh', 'delete the state in .meridian/ first')
    .option('--once', 'exit with 0 as soon as the Regions agree, or with 1 if they do not')
    .option('--no-restart', 'do not restart when a loaded file is saved')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nWith `npm start`, options follow two hyphens: npm start -- --port 4800')
    .action(async ({ restart, ...options }: Options) => {
      const found = needProject(project);
      endWithNpm();
      try {
        if (restart && !options.once) {
          const { supervise } = await import('../start/supervise.ts');
          await supervise(found, argsOf(process.argv));
        }
        process.on('disconnect', () => process.exit());
        // Loading the world takes longer than running most other commands.
        const { runProject } = await import('../start/run.ts');
        const chosen = chosenRegions(found, options.regions);
        for (const warning of unknownRegions(chosen.regions)) sayNote(`Warning: ${warning}`);
        await runProject(found, { ...options, ...chosen });
      } catch (error) {
        reportError(error, options);
        process.exit(1);
      }
    });
}

/**
 * Ends this process as a signal does when npm or npx, which started it, ends. They start it by a shell, and send a signal to the shell
 * only.
 */
function endWithNpm(): void {
  if (process.env.npm_command === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, NPM_POLL_MS).unref();
}

/** The given options, with `--fresh` separate, because only the first process deletes the state. */
function argsOf(argv: readonly string[]): { readonly args: readonly string[]; readonly first: readonly string[] } {
  const given = argv.slice(argv.indexOf('start') + 1);
  return { args: given.filter((each) => each !== '--fresh'), first: given.filter((each) => each === '--fresh') };
}

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from 'commander';
import { keepDeployed, REGIONS_FILE } from '../../lib/deployed-regions.ts';
import type { Project } from '../../project/project.ts';
import { runCdk } from '../cdk.ts';
import { CliError } from '../client/cli-error.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors, sayNote, sayText } from '../output.ts';

const ASSEMBLY = 'cdk.out';

/** Adds `meridian deploy`, unless the project has its own command of this name. */
export function addDeploy(program: Command, project: Project | undefined): void {
  program
    .command('deploy')
    .description('deploy all stacks of the project, look up the table streams again, and update the list of Regions')
    .argument('[args...]', 'arguments for `cdk deploy`, after two hyphens: meridian deploy -- --require-approval never')
    .allowUnknownOption()
    .addHelpText(
      'after',
      `
Runs \`cdk deploy --all\`. A plain \`cdk deploy\` does not
- deploy all stacks, if the app has several and you name none,
- look up each table's stream again: a recreated replica has a new stream, which nothing would read,
- record the deployed Regions in ${REGIONS_FILE}, with which the next synth compares its own. Commit that file.`,
    )
    .action((args: readonly string[]) =>
      reportingErrors({}, async () => {
        process.exitCode = await deploy(needProject(project), args);
      }),
    );
}

/**
 * Deploys, and records the Regions of the deployment.
 * @param args for the CDK
 * @returns the exit code of the CDK
 * @throws CliError, MissingPackagesError, DomainFileError, SubscribersFileError before anything is deployed
 */
async function deploy(project: Project, args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  refuseOtherAssembly(project, options);
  refuseHotswap(options);
  const [assembly, file] = [join(project.folder, ASSEMBLY), join(project.folder, REGIONS_FILE)];
  const manifest = join(assembly, 'manifest.json');
  // `cdk deploy --help` succeeds too, and leaves the assembly of an earlier run unchanged.
  rmSync(manifest, { force: true });
  // With a new nonce, each Region looks up its table streams again: a recreated replica has another stream.
  const nonce = ['--context', `nonce=${Date.now()}`];
  const status = await runCdk(project, ['deploy', '--all', '--output', ASSEMBLY, ...nonce, ...args]);
  if (status !== 0) return status;
  const partial = partialOption(options);
  if (partial !== undefined)
    sayNote(
      `${REGIONS_FILE} is unchanged: with ${partial}, some stacks may not have been deployed. To record the Regions, run meridian deploy without it.`,
    );
  else if (!existsSync(manifest)) sayNote(`${REGIONS_FILE} is unchanged: cdk deployed nothing.`);
  else if (keepDeployed(assembly, file))
    sayText(`Commit ${REGIONS_FILE}: the next synth compares its Regions with it.`);
  return 0;
}

type Options = Readonly<Record<string, unknown>>;

/**
 * The options of `cdk deploy` that matter here. Even a boolean option may be followed by a value: `--execute false`.
 */
function optionsOf(args: readonly string[]): Options {
  return parseArgs({
    args: [...args],
    strict: false,
    options: {
      output: { type: 'string', short: 'o' },
      app: { type: 'string', short: 'a' },
      method: { type: 'string', short: 'm' },
      exclusively: { type: 'string', short: 'e' },
      execute: { type: 'string' },
      hotswap: { type: 'string' },
      watch: { type: 'string' },
    },
  }).values;
}

/**
 * The first option that lets `cdk deploy` succeed even if it deploys nothing, or only some of the stacks; undefined if
 * none is given.
 */
function partialOption({ method, exclusively, execute, 'no-execute': prepareOnly }: Options): string | undefined {
  if (method !== undefined && method !== 'direct' && method !== 'change-set') return `--method ${method}`;
  if (exclusively !== undefined && exclusively !== 'false') return '--exclusively';
  if (prepareOnly !== undefined || (execute !== undefined && execute !== true && execute !== 'true'))
    return '--no-execute';
  return undefined;
}

/** @throws CliError `hotswap`: changes of Regions and tables would be skipped, and recorded as deployed */
function refuseHotswap({ hotswap, watch }: Options): void {
  const option = Object.entries({ hotswap, watch }).find(([, value]) => value !== undefined && value !== 'false')?.[0];
  if (option !== undefined)
    throw new CliError(
      'hotswap',
      `--${option}: a hotswap skips changes of tables and Regions, and reports success. Leave the option out.`,
    );
}

/** @throws CliError `other-assembly`: the arguments write the assembly to another folder, or deploy an existing one */
function refuseOtherAssembly({ folder }: Project, { output, app }: Options): void {
  if (output !== undefined)
    throw new CliError(
      'other-assembly',
      `--output ${output}: meridian deploy reads the deployed Regions from ${ASSEMBLY}, so it always writes there. Leave the option out. To write to another folder, use meridian synth.`,
    );
  if (typeof app === 'string' && existsSync(join(folder, app, 'manifest.json')))
    throw new CliError(
      'other-assembly',
      `--app ${app} is an existing assembly: its stacks would keep the table streams that it was synthesized with. Leave the option out, so that the app runs again.`,
    );
}

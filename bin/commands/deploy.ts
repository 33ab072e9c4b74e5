import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from 'commander';
import { keepDeployed, REGIONS_FILE } from '../../lib/deployed-regions.ts';
import type { Project } from '../../project/project.ts';
import { runCdk } from '../cdk.ts';
import { CliError } from '../client/cli-error.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors, sayText } from '../output.ts';

const ASSEMBLY = 'cdk.out';

/** With one of these options `cdk deploy` succeeds although it deploys nothing, or only some of the stacks. */
const NOT_A_DEPLOY = /^(-e|--exclusively|-m|--method|--no-execute|--execute)(=|$)/;

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
- ${REGIONS_FILE}, the list of deployed Regions that the next synth compares with. Commit it.`,
    )
    .action((args: readonly string[]) =>
      reportingErrors({}, async () => {
        process.exitCode = await deploy(needProject(project), args);
      }),
    );
}

/**
 * Deploys, and records in which Regions the deployment is.
 * @param args for the CDK
 * @returns the exit code of the CDK
 * @throws CliError, MissingPackagesError, DomainFileError, SubscribersFileError before anything is deployed
 */
async function deploy(project: Project, args: readonly string[]): Promise<number> {
  refuseOtherAssembly(project, args);
  // With a new nonce, each Region looks up its table streams again: a recreated replica has another one.
  const nonce = ['--context', `nonce=${Date.now()}`];
  const status = await runCdk(project, ['deploy', '--all', '--output', ASSEMBLY, ...nonce, ...args]);
  if (
    status === 0 &&
    !args.some((arg) => NOT_A_DEPLOY.test(arg)) &&
    keepDeployed(join(project.folder, ASSEMBLY), join(project.folder, REGIONS_FILE))
  )
    sayText(`Commit ${REGIONS_FILE}: the next synth compares with it.`);
  return status;
}

/** @throws CliError `other-assembly`: the arguments write the assembly to another folder, or deploy an existing one */
function refuseOtherAssembly({ folder }: Project, args: readonly string[]): void {
  const { output, app } = parseArgs({
    args: [...args],
    strict: false,
    options: { output: { type: 'string', short: 'o' }, app: { type: 'string', short: 'a' } },
  }).values;
  if (output !== undefined)
    throw new CliError(
      'other-assembly',
      `--output ${output}: meridian deploy reads from ${ASSEMBLY} which Regions were deployed. Leave the option out; meridian synth writes to any folder.`,
    );
  if (typeof app === 'string' && existsSync(join(folder, app, 'manifest.json')))
    throw new CliError(
      'other-assembly',
      `--app ${app} is an existing assembly: its stacks would keep the table streams that it was synthesized with. Leave the option out, so that the app runs again.`,
    );
}

import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { keepDeployed, REGIONS_FILE } from '../../lib/deployed-regions.ts';
import { readDomain } from '../../project/domain-file.ts';
import { needPackages, packageBin } from '../../project/package-bin.ts';
import type { Project } from '../../project/project.ts';
import { needProject } from '../need-project.ts';
import { reportingErrors, sayText } from '../output.ts';

const ASSEMBLY = 'cdk.out';

/** Packages that the construct imports and the project installs. */
const PEERS = ['aws-cdk-lib', 'constructs', 'esbuild', 'cdk-nag'];

/** With any of these options, `cdk deploy` exits with 0 without having deployed everything. */
const NOT_A_DEPLOY = /^(-e|--exclusively|-m|--method|--no-execute|--execute)(=|$)/;

/** `meridian deploy`, unless the project has its own command of this name. */
export function addDeploy(program: Command, project: Project | undefined): void {
  program
    .command('deploy')
    .description(
      'deploy every stack of the project, have each Region look up its table streams, and keep the list of Regions',
    )
    .argument('[args...]', 'for `cdk deploy`, after two hyphens: meridian deploy -- --require-approval never')
    .allowUnknownOption()
    .addHelpText(
      'after',
      `
Runs \`cdk deploy --all\`. A plain \`cdk deploy\` leaves out
- the other stacks, when the app has several and none is named,
- a new look-up of each table's stream: a replica that was made again has another one, and nothing would read it,
- ${REGIONS_FILE}, the list of deployed Regions that the next synth compares with. Commit it.`,
    )
    .action((args: readonly string[]) =>
      reportingErrors({}, async () => {
        process.exitCode = deploy(needProject(project), args);
      }),
    );
}

/**
 * @param args arguments for the CDK @returns the exit code of the CDK
 * @throws MissingPackagesError, DomainFileError before anything is deployed
 */
function deploy({ folder, domain }: Project, args: readonly string[]): number {
  needPackages(folder, ['aws-cdk', ...PEERS]);
  readDomain(domain);
  const { status, error } = spawnSync(
    process.execPath,
    [
      packageBin(folder, 'aws-cdk', 'cdk'),
      ...['deploy', '--all', '--output', ASSEMBLY],
      // The nonce makes each Region look up its table streams again: a recreated replica has a new stream.
      ...['--context', `nonce=${Date.now()}`],
      ...args,
    ],
    {
      cwd: folder,
      stdio: 'inherit',
      // The app command in cdk.json must find this Node too.
      env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
    },
  );
  if (error) throw error;
  if (
    status === 0 &&
    !args.some((arg) => NOT_A_DEPLOY.test(arg)) &&
    keepDeployed(join(folder, ASSEMBLY), join(folder, REGIONS_FILE))
  )
    sayText(`Commit ${REGIONS_FILE}: the next synth compares with it.`);
  return status ?? 1;
}

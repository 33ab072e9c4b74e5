import { spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { needPackages, packageBin } from '../project/package-bin.ts';
import type { Project } from '../project/project.ts';
import { readProject } from '../project/read-project.ts';

/** Packages that the CDK construct imports; a project installs them itself. */
const PEERS = ['aws-cdk-lib', 'constructs', 'esbuild', 'cdk-nag'];

/**
 * Runs the CDK's command line in a project.
 * @returns its exit code
 * @throws MissingPackagesError, DomainFileError, SubscribersFileError before the CDK starts
 */
export async function runCdk(project: Project, args: readonly string[]): Promise<number> {
  const { folder } = project;
  needPackages(folder, ['aws-cdk', ...PEERS]);
  await readProject(project);
  const { status, error } = spawnSync(process.execPath, [packageBin(folder, 'aws-cdk', 'cdk'), ...args], {
    cwd: folder,
    stdio: 'inherit',
    // Puts this Node first on the PATH, so that the app that cdk.json names runs on it too.
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
  });
  if (error) throw error;
  return status ?? 1;
}

import { spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { readDomain } from '../project/domain-file.ts';
import { needPackages, packageBin } from '../project/package-bin.ts';
import type { Project } from '../project/project.ts';

/** Packages that the CDK construct imports; a project installs them itself. */
const PEERS = ['aws-cdk-lib', 'constructs', 'esbuild', 'cdk-nag'];

/**
 * Runs the CDK's command line in a project.
 * @returns its exit code
 * @throws MissingPackagesError, DomainFileError before the CDK starts
 */
export function runCdk({ folder, domain }: Project, args: readonly string[]): number {
  needPackages(folder, ['aws-cdk', ...PEERS]);
  readDomain(domain);
  const { status, error } = spawnSync(process.execPath, [packageBin(folder, 'aws-cdk', 'cdk'), ...args], {
    cwd: folder,
    stdio: 'inherit',
    // The app that cdk.json names runs on this Node too.
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
  });
  if (error) throw error;
  return status ?? 1;
}

import { spawnSync } from 'node:child_process';
import { keepDeployedRegions, REGIONS_FILE } from './deployed-regions.ts';

const ASSEMBLY = 'cdk.out';

/** Deploys every stack, with what else the command line says, and keeps in which Regions they are now. */
const { status, error } = spawnSync(
  'cdk',
  // The nonce makes each Region look up its table stream anew: a replica that was made again has another one.
  ['deploy', '--all', '--output', ASSEMBLY, '--context', `nonce=${Date.now()}`, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
if (error) throw error;
if (status === 0 && keepDeployedRegions(ASSEMBLY, REGIONS_FILE))
  process.stdout.write(`Commit ${REGIONS_FILE}: the next synth compares its Regions with it.\n`);
process.exitCode = status ?? 1;

import { spawnSync } from 'node:child_process';
import { keepDeployed, REGIONS_FILE } from './deployed-regions.ts';

const ASSEMBLY = 'cdk.out';

/** With one of these `cdk deploy` ends well and has deployed nothing, or not all of it. */
const NOT_A_DEPLOY = /^(-h|--help|--version|-e|--exclusively|-m|--method|--no-execute|--execute)(=|$)/;

/** Deploys every stack, with what else the command line says, and keeps in which Regions they are now. */
const args = process.argv.slice(2);
const { status, error } = spawnSync(
  'cdk',
  // The nonce makes each Region look up its table stream anew: a replica that was made again has another one.
  ['deploy', '--all', '--output', ASSEMBLY, '--context', `nonce=${Date.now()}`, ...args],
  { stdio: 'inherit' },
);
if (error) throw error;
if (status === 0 && !args.some((arg) => NOT_A_DEPLOY.test(arg)) && keepDeployed(ASSEMBLY, REGIONS_FILE))
  process.stdout.write(`Commit ${REGIONS_FILE}: the next synth compares with it.\n`);
process.exitCode = status ?? 1;

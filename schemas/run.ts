import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { domain } from '../examples/flights/index.ts';
import { readOptions } from '../scripts/options.ts';
import { ASYNCAPI, brokenPromises, driftOf, releaseContract, writeContract } from './contract.ts';
import { sampleFaults } from './samples.ts';

/*
 * npm run schemas                          writes docs/schemas/ and docs/asyncapi.yaml
 * npm run schemas -- --check               says what is not as it would write it, and what a release promised and is broken
 * npm run schemas -- --release             writes, and makes this the promise: docs/schemas/released.json
 * npm run schemas -- --release --accept    the same although promises are broken
 */
const values = readOptions('Usage: npm run schemas -- [--check | --release [--accept]]', {
  check: { type: 'boolean' },
  release: { type: 'boolean' },
  accept: { type: 'boolean' },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const docs = join(root, 'docs');

const samples = sampleFaults(domain);
const broken = brokenPromises(domain, docs);
const drift = values.check ? driftOf(domain, docs) : [];
const isAccepted = values.release === true && values.accept === true;
const fails = samples.length > 0 || drift.length > 0 || (broken.length > 0 && !isAccepted);

if (!values.check && samples.length === 0) {
  writeContract(domain, docs);
  if (values.release && !fails) releaseContract(domain, docs);
  const { status, stderr } = spawnSync(
    join(root, 'node_modules/.bin/biome'),
    ['format', '--write', join('docs', ASYNCAPI), 'docs/schemas'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`The schemas could not be formatted: ${stderr}`);
}

const lines = [
  ...samples,
  ...drift.map((line) => `${line}: run \`npm run schemas\``),
  ...broken.map((line) => `${line}${isAccepted ? ' (accepted)' : ''}`),
  ...(broken.length > 0 && !isAccepted
    ? ['If such a break is meant and everyone who sends or reads it is ready: `npm run schemas -- --release --accept`']
    : []),
];
process.stdout.write(lines.map((line) => `${line}\n`).join(''));
process.exitCode = fails ? 1 : 0;

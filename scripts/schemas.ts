import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDomain } from '../project/domain-file.ts';
import { updateContract } from '../schemas/update-contract.ts';
import { readOptions } from './options.ts';

// `npm run schemas`: what `meridian schemas` does in a project, for every example of this repository and for the project that `meridian init` makes.

const options = readOptions('Usage: npm run schemas -- [--check | --release [--accept]]', {
  check: { type: 'boolean', default: false },
  release: { type: 'boolean', default: false },
  accept: { type: 'boolean', default: false },
});
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

for (const file of globSync(['examples/*/{index,streams/index}.ts', 'starter/streams/index.ts'])) {
  const project = file.replace(/([\\/]streams)?[\\/]index\.ts$/, '');
  const { ok, lines } = updateContract(readDomain(join(process.cwd(), file)), join(project, 'schemas'), options);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (!ok) process.exitCode = 1;
}

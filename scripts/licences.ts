import { globSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as z from 'zod';
import { bundleFunction } from '../lib/bundle.ts';
import manifest from '../package.json' with { type: 'json' };
import { readOptions } from './options.ts';

// `npm run licences`: the licences of what is bundled into functions, and of every package that installing Meridian brings.

const root = fileURLToPath(new URL('..', import.meta.url));

/** Permissive licences: they allow use in closed software that includes a notice. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
];

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/** A package that is installed with Meridian. */
export interface Licensed {
  readonly name: string;
  readonly version: string;
  /** The licence in its package.json; undefined if it names none. */
  readonly licence: string | undefined;
  /** The number of functions whose bundles contain code of it. */
  readonly functions: number;
}

function readPackage(file: string): z.output<typeof packageSchema> {
  return packageSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** The package.json of every package that the package depends on, directly or not. */
function dependencyFiles(): ReadonlySet<string> {
  const files = new Set<string>();
  const visit = (names: readonly string[], from: string) => {
    for (const name of names) {
      const file = findPackageJSON(name, pathToFileURL(from));
      if (file === undefined || files.has(file)) continue;
      files.add(file);
      visit(Object.keys(readPackage(file).dependencies), file);
    }
  };
  visit(Object.keys(manifest.dependencies), join(root, 'package.json'));
  return files;
}

/** The package.json of every package in a function's bundle, with the number of these functions. */
function bundledFiles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const entry of globSync('lambdas/*/index.ts', { cwd: root })) {
    const { metafile } = bundleFunction({ entry: join(root, entry) });
    const files = Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([input, { bytesInOutput }]) => bytesInOutput > 0 && input.includes('node_modules/'))
      .map(([input]) => packageFileOf(resolve(input)));
    for (const file of new Set(files)) counts.set(file, (counts.get(file) ?? 0) + 1);
  }
  return counts;
}

/** The package.json of the package that a file belongs to. Folders within a package may have one too, without a name. */
function packageFileOf(file: string): string {
  const [, folder] = /^(.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file) ?? [undefined, dirname(file)];
  return join(folder, 'package.json');
}

/** All packages that are installed or bundled, sorted by name. */
export function licences(): readonly Licensed[] {
  const bundled = bundledFiles();
  return [...new Set([...dependencyFiles(), ...bundled.keys()])]
    .map((file) => ({ ...readPackage(file), functions: bundled.get(file) ?? 0 }))
    .map(({ name, version, license, functions }) => ({ name, version, licence: license, functions }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The packages whose licence is not allowed. An expression is allowed when each of its terms is. */
export function refused(all: readonly Licensed[]): readonly Licensed[] {
  const terms = (licence: string) => licence.replaceAll(/[()]/g, '').split(/ (?:AND|OR) /);
  return all.filter(({ licence }) => licence === undefined || !terms(licence).every((term) => ALLOWED.includes(term)));
}

function summary(all: readonly Licensed[]): string {
  const byLicence = Map.groupBy(all, ({ licence = 'none' }) => licence);
  const lines = all.map(({ name, version, licence = 'none', functions }) =>
    `${`${name}@${version}`.padEnd(60)}  ${licence.padEnd(14)}${functions > 0 ? `  in ${functions} functions` : ''}`.trimEnd(),
  );
  const counts = [...byLicence].map(([licence, those]) => `${licence} ${those.length}`).sort();
  return `${lines.join('\n')}\n\n${all.length} packages: ${counts.join(', ')}\n`;
}

if (import.meta.main) {
  const { json, check } = readOptions('Usage: npm run licences -- [--json | --check]', {
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  });
  const all = licences();
  if (json) process.stdout.write(`${JSON.stringify({ allowed: ALLOWED, packages: all })}\n`);
  else if (!check) process.stdout.write(summary(all));
  const faults = refused(all);
  for (const { name, version, licence = 'no licence' } of faults)
    process.stderr.write(`${name}@${version} has ${licence}: it is not one of ${ALLOWED.join(', ')}\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

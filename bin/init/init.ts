import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/facts/json.ts';
import { CliError } from '../client/cli-error.ts';
import { packageSpec } from './package-spec.ts';

/** The packages that the starter's files import, in addition to Meridian; the others are tools. */
const DEPENDENCIES = ['zod'];
const DEVELOPMENT = [
  '@types/node',
  'aws-cdk',
  'aws-cdk-lib',
  'cdk-nag',
  'constructs',
  'esbuild',
  'typescript',
  'vitest',
];

/** The packages of a new project in addition to Meridian, each in the version that Meridian is tested with. */
export const PINNED = [...DEPENDENCIES, ...DEVELOPMENT];

/** A project's name is the prefix of its names in AWS. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const MAX_NAME = 24;

/** Files that have another name in the starter's folder, because npm would leave them out of the package or use them itself. */
const RENAMED = { gitignore: '.gitignore' } as const;

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  devDependencies: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/**
 * Creates a project in a new or empty folder. @param spec what `npm install` gets Meridian from; undefined: the source of this
 * installation @returns its name, and its number of files
 * @throws CliError when the folder is not empty, or its name is not a valid project name
 */
export function initProject(
  folder: string,
  spec: string | undefined,
): { readonly name: string; readonly files: number } {
  const target = resolve(folder);
  const name = basename(target);
  if (!NAME.test(name) || name.length > MAX_NAME)
    throw new CliError(
      'bad-name',
      `"${name}" cannot be the name of a project, which is the prefix of every name in AWS. Use lower-case letters, digits and single hyphens, at most ${MAX_NAME}, a letter first.`,
    );
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new CliError('not-empty', `${target} is not empty: nothing was written. Give a new folder.`);
  const root = dirname(findPackageJSON(import.meta.url) ?? '');
  const meridian = packageSchema.parse(parseJson(readFileSync(join(root, 'package.json'), 'utf8')));
  const manifest = manifestOf(name, meridian, spec ?? packageSpec(root, meridian));
  mkdirSync(target, { recursive: true });
  cpSync(join(root, 'starter'), target, { recursive: true });
  for (const [from, to] of Object.entries(RENAMED)) renameSync(join(target, from), join(target, to));
  for (const file of ['cdk.json', 'README.md']) {
    const text = readFileSync(join(target, file), 'utf8');
    writeFileSync(join(target, file), text.replaceAll(/\bshop\b/g, name));
  }
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return { name, files: globSync('**/*.*', { cwd: target }).length + Object.keys(RENAMED).length };
}

function manifestOf(name: string, meridian: z.output<typeof packageSchema>, spec: string): object {
  const versions = { ...meridian.dependencies, ...meridian.devDependencies };
  const pinned = (names: readonly string[]) =>
    Object.fromEntries(
      names.map((each) => {
        const version = versions[each];
        if (version === undefined) throw new Error(`The version of ${each} is not in Meridian's package.json.`);
        return [each, version];
      }),
    );
  return {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=24' },
    meridian: { domain: 'streams/index.ts', subscribers: 'subscribers/index.ts' },
    scripts: {
      start: 'meridian start',
      test: 'meridian test',
      types: 'tsc',
      synth: 'cdk synth --quiet',
      deploy: 'meridian deploy',
    },
    dependencies: { [meridian.name]: spec, ...pinned(DEPENDENCIES) },
    devDependencies: pinned(DEVELOPMENT),
  };
}

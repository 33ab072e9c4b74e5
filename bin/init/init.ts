import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/facts/json.ts';
import { NAME_FORM, NAME_LENGTH } from '../../core/names.ts';
import { CliError } from '../client/cli-error.ts';
import { packageSpec } from './package-spec.ts';

/** The packages that the starter's files import in addition to Meridian, then those that only its tools need. */
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

/** All packages that a new project depends on in addition to Meridian. Their versions are those that Meridian is tested with. */
export const PINNED = [...DEPENDENCIES, ...DEVELOPMENT];

/** Files that are packed under other names, because npm would leave them out of the package or interpret them. */
const RENAMED = { gitignore: '.gitignore' } as const;

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  devDependencies: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/**
 * Creates a project in a new or empty folder.
 * @param spec the version or tarball of Meridian in its package.json; undefined: the one that is running
 * @returns the project's name, and the number of its files
 * @throws CliError when the folder is not empty, or its name is not a valid project name
 */
export function initProject(
  folder: string,
  spec: string | undefined,
): { readonly name: string; readonly files: number } {
  const target = resolve(folder);
  const name = basename(target);
  if (!NAME_FORM.test(name) || name.length > NAME_LENGTH)
    throw new CliError(
      'bad-name',
      `"${name}" is not a valid project name, because it is the prefix of all names in AWS. Use at most ${NAME_LENGTH} lower-case letters, digits and single hyphens, and start with a letter.`,
    );
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new CliError('not-empty', `${target} is not empty. Nothing was written; choose a new folder.`);
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
        if (version === undefined) throw new Error(`Meridian's package.json has no version of ${each}.`);
        return [each, version];
      }),
    );
  return {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=24' },
    // npm warns about install scripts that a project neither allows nor forbids. esbuild works without its script.
    allowScripts: { esbuild: false },
    meridian: { domain: 'streams/index.ts', subscribers: 'subscribers/index.ts' },
    scripts: {
      start: 'meridian start',
      test: 'meridian test',
      types: 'tsc',
      schemas: 'meridian schemas',
      synth: 'meridian synth',
      deploy: 'meridian deploy',
    },
    dependencies: { [meridian.name]: spec, ...pinned(DEPENDENCIES) },
    devDependencies: pinned(DEVELOPMENT),
  };
}

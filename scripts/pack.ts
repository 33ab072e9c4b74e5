import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { PINNED } from '../bin/init/init.ts';
import { STORED_FORM } from '../core/names.ts';
import manifest from '../package.json' with { type: 'json' };
import { npmCommand } from './npm.mjs';
import { readOptions } from './options.ts';
import { PEER_RANGES } from './peers.ts';
import { sayStep } from './steps.ts';

// `npm run pack-package`: builds the package as it is published. In the repository, `exports` names the sources. The
// manifest written here names the compiled files; it is in a folder that nothing in the repository resolves to.

const root = fileURLToPath(new URL('..', import.meta.url));
/** The folder that is packed. */
export const STAGE = join(root, '.package');

const { zod: _, ...cdkPeers } = PEER_RANGES;
const optionalPeers = Object.keys(cdkPeers);

/** Entry points that look for their peers before they load the modules that import these peers. */
const LOADED_BY: Readonly<Record<string, string>> = { './cdk': './dist/lib/checked.js' };

/** Files that `meridian localstack` uses and that are not TypeScript. */
const LOCALSTACK_PARTS = ['tools/localstack/plugins', 'tools/localstack/requirements.txt'] as const;

/** The compiled file of a source. */
function built(source: string): string {
  return source.replace(/^\.\//, './dist/').replace(/\.ts$/, '.js');
}

function builtAll(sources: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, built(source)]));
}

/** The manifest that is published. */
export function publishedManifest(): Readonly<Record<string, unknown>> {
  const { name, version, description, license, type, sideEffects } = manifest;
  const { zod, ...dependencies } = manifest.dependencies;
  const versions: Readonly<Record<string, string>> = manifest.devDependencies;
  return {
    name,
    version,
    description,
    license,
    type,
    sideEffects,
    engines: { node: '>=24' },
    // Versions with the same form read each other's data.
    storedForm: STORED_FORM,
    bin: { meridian: 'dist/bin/meridian.mjs' },
    imports: builtAll(manifest.imports),
    exports: Object.fromEntries(
      Object.entries(manifest.exports).map(([entry, source]) => [
        entry,
        source.endsWith('.ts')
          ? { types: built(source).replace(/\.js$/, '.d.ts'), default: LOADED_BY[entry] ?? built(source) }
          : source,
      ]),
    ),
    dependencies,
    peerDependencies: PEER_RANGES,
    peerDependenciesMeta: Object.fromEntries(optionalPeers.map((peer) => [peer, { optional: true }])),
    // The versions that `meridian init` pins in a project; npm does not install these.
    devDependencies: Object.fromEntries(PINNED.map((each) => [each, each === 'zod' ? zod : versions[each]])),
    files: ['dist', 'docs', 'starter', 'CHANGELOG.md'],
  };
}

export interface Packed {
  /** The path of the packed file. */
  readonly tarball: string;
  readonly bytes: number;
}

/** The package that this process has packed, because several steps use it. */
let packed: Packed | undefined;

/**
 * Builds the package into `.package/`, and packs it, once per process.
 * @throws Error when it does not compile; tsc has printed why
 */
export function packPackage(): Packed {
  packed ??= buildPackage();
  return packed;
}

function buildPackage(): Packed {
  rmSync(STAGE, { recursive: true, force: true });
  const node = process.execPath;
  sayStep('compile');
  execFileSync(node, [join(root, 'node_modules/typescript/bin/tsc'), '--project', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  sayStep('copy the starter and the pages');
  writeFileSync(join(STAGE, 'package.json'), `${JSON.stringify(publishedManifest(), null, 2)}\n`);
  cpSync(join(root, 'starter'), join(STAGE, 'starter'), { recursive: true });
  copyPages(STAGE);
  for (const part of LOCALSTACK_PARTS) cpSync(join(root, part), join(STAGE, 'dist', part), { recursive: true });
  return pack(STAGE);
}

/**
 * Copies the pages: alarms, messages and comments refer to pages in `docs/`. A link to a file that the package lacks is
 * replaced by the link's text.
 */
export function copyPages(stage: string): void {
  for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) copyFileSync(join(root, file), join(stage, file));
  cpSync(join(root, 'docs'), join(stage, 'docs'), { recursive: true });
  for (const page of globSync('{*,docs/**/*}.md', { cwd: stage })) {
    const file = join(stage, page);
    // Every second part is code.
    const parts = readFileSync(file, 'utf8').split(/(^ *```[\s\S]*?^ *```$)/m);
    const linked = parts.map((part, index) => (index % 2 === 1 ? part : withoutDeadLinks(part, dirname(file))));
    writeFileSync(file, linked.join(''));
  }
}

function withoutDeadLinks(prose: string, folder: string): string {
  return prose.replaceAll(/\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g, (link, text: string, path: string) =>
    existsSync(join(folder, path)) ? link : text,
  );
}

/** Packs the package for `npm create`, which runs `meridian init`. It has the same scope as Meridian's package. */
export function packCreate(): Packed {
  const stage = join(STAGE, 'create');
  const { name, version, license, type } = manifest;
  mkdirSync(stage, { recursive: true });
  const create = {
    name: `${name.split('/')[0]}/create`,
    version,
    description: 'Creates a Meridian project',
    license,
    type,
    bin: { create: './create.mjs' },
    dependencies: { [name]: version },
    files: ['create.mjs'],
  };
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(create, null, 2)}\n`);
  copyFileSync(join(root, 'packages/create/create.mjs'), join(stage, 'create.mjs'));
  return pack(stage);
}

function pack(stage: string): Packed {
  sayStep(`npm pack ${relative(root, stage)}`);
  const { command, args, shell } = npmCommand(['pack', '--json', '--ignore-scripts']);
  const printed = execFileSync(command, args, { cwd: stage, encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 2] });
  const [{ filename }] = z.tuple([z.object({ filename: z.string() })]).parse(JSON.parse(printed));
  const tarball = join(stage, filename);
  return { tarball, bytes: statSync(tarball).size };
}

if (import.meta.main) {
  const { json } = readOptions('Usage: npm run pack-package -- [--json]', {
    json: { type: 'boolean', default: false },
  });
  const { tarball, bytes } = packPackage();
  packCreate();
  process.stdout.write(
    json ? `${JSON.stringify({ tarball, bytes })}\n` : `${tarball}, ${Math.round(bytes / 1000)} kB\n`,
  );
}

import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import type { Step } from '../steps.ts';
import { INSTALL, runNode, runNpm } from './run.ts';

/** The only entry point that needs the optional peers. */
const CDK = './cdk';
const OLDEST_TARGET = 'es2022';
const NEWEST_TARGET = 'esnext';
const entries = Object.entries(manifest.exports).flatMap(([entry, source]) => (source.endsWith('.ts') ? [entry] : []));
const peersSchema = z.object({ peerDependencies: z.record(z.string(), z.string()) });

/**
 * Uses every entry point in a folder with only Meridian and zod; then ./cdk, which must name the missing peers. @throws Error if
 * an entry point does not load, or its types do not compile
 */
export async function checkEntries(step: Step, tarball: string): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-entries-')));
  try {
    const { zod } = manifest.dependencies;
    const { typescript, '@types/node': types } = manifest.devDependencies;
    const consumer = {
      private: true,
      type: 'module',
      dependencies: { [manifest.name]: `file:${tarball}`, zod },
      devDependencies: { typescript, '@types/node': types },
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(consumer));
    await step('install without the optional peers', () => runNpm(folder, INSTALL));
    const small = entries.filter((entry) => entry !== CDK);
    await step('entry points without the optional peers', async () => {
      for (const entry of small) await load(folder, entry);
    });
    await step('types without the optional peers', () => checkTypes(folder, small, [OLDEST_TARGET, NEWEST_TARGET]));
    await step('./cdk names the peers that are missing', () => checkMissing(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Checks the types of ./cdk in a folder that has its peers.
 * @throws Error when they do not compile, or when ./cdk does not export exactly what they declare
 */
export async function checkCdkEntry(step: Step, folder: string): Promise<void> {
  // The newest target only, because a new project is compiled at the oldest one.
  await step('types of ./cdk', () => checkTypes(folder, [CDK], [NEWEST_TARGET]));
  await step('exports of ./cdk', async () => {
    const code = `import * as checked from '${nameOf(CDK)}';
import * as all from './node_modules/${manifest.name}/dist/lib/index.js';
const [names, others] = [checked, all].map((each) => Object.keys(each).join());
if (names !== others || checked.Meridian !== all.Meridian) throw new Error(names + ' are not ' + others);`;
    const file = join(folder, 'compare-exports.mjs');
    writeFileSync(file, code);
    await runNode(folder, [file]);
    rmSync(file);
  });
}

function nameOf(entry: string): string {
  return manifest.name + entry.slice(1);
}

async function load(folder: string, entry: string): Promise<void> {
  await runNode(folder, ['--input-type=module', '-e', `await import('${nameOf(entry)}')`]);
}

async function checkTypes(folder: string, of: readonly string[], targets: readonly string[]): Promise<void> {
  const files = of.map((entry, i) => {
    const file = join(folder, `entry-${i}.ts`);
    writeFileSync(
      file,
      `import * as entry from '${nameOf(entry)}';\nexport const names: string[] = Object.keys(entry);\n`,
    );
    return file;
  });
  for (const target of targets)
    await runNode(folder, [
      'node_modules/typescript/bin/tsc',
      ...['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', 'false'],
      ...['--module', 'nodenext', '--types', 'node', '--target', target, '--lib', target],
      ...files,
    ]);
  for (const file of files) rmSync(file);
}

async function checkMissing(folder: string): Promise<void> {
  const file = join(folder, 'node_modules', manifest.name, 'package.json');
  const { peerDependencies } = peersSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const code = `import('${nameOf(CDK)}').then(() => console.log('loaded'), (error) => console.log(error.code, error.message))`;
  const said = await runNode(folder, ['-e', code]);
  const missing = Object.entries(peerDependencies).filter(([peer]) => peer !== 'zod');
  const unsaid = missing.filter(([peer, range]) => !said.includes(`"${peer}@${range}"`));
  if (unsaid.length > 0 || !said.startsWith('missing-peers') || said.includes('"zod@'))
    throw new Error(`${CDK} without ${missing.map(([peer]) => peer).join(', ')} said: ${said}`);
}

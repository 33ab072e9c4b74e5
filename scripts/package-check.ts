import { cpSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };
import { readOptions } from './options.ts';
import { packPackage } from './pack.ts';
import { lintPackage } from './package-check/lint.ts';
import { run } from './package-check/run.ts';

// `npm run package-check`: packs Meridian, and does in an empty folder what a team does that depends on it.

const SHOP = fileURLToPath(new URL('package-check/shop', import.meta.url));

/** What only the example has: nothing of it may reach a team's functions. */
const OF_THE_EXAMPLE = ['LAX', 'Departed', 'airport'];

interface Step {
  readonly name: string;
  readonly seconds: number;
}

/** A team's repository, before its install. */
function makeRepository(tarball: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-package-')));
  cpSync(SHOP, folder, { recursive: true });
  const { zod } = manifest.dependencies;
  const versions: Readonly<Record<string, string>> = manifest.devDependencies;
  const development = ['@types/node', 'aws-cdk-lib', 'cdk-nag', 'constructs', 'esbuild', 'typescript'];
  const shop = {
    name: 'shop',
    private: true,
    type: 'module',
    meridian: {},
    dependencies: { [manifest.name]: `file:${tarball}`, zod },
    devDependencies: Object.fromEntries(development.map((name) => [name, versions[name]])),
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(shop, null, 2));
  return folder;
}

/** @throws Error when a function's bundle holds something of the example */
function checkBundles(assembly: string): void {
  const bundles = globSync('asset.*/index.mjs', { cwd: assembly });
  if (bundles.length === 0) throw new Error(`There is no bundle in ${assembly}.`);
  for (const bundle of bundles) {
    const code = readFileSync(join(assembly, bundle), 'utf8');
    const sources = readFileSync(join(assembly, `${bundle}.map`), 'utf8');
    const found = OF_THE_EXAMPLE.filter((word) => code.includes(word));
    if (found.length > 0 || sources.includes('examples/'))
      throw new Error(`${bundle} holds something of the example: ${found.join(', ') || 'a file of it'}.`);
  }
}

/** Does all of it, and says how long each step took. @throws Error when one fails */
export function checkPackage(): { readonly steps: readonly Step[]; readonly tarballBytes: number } {
  const steps: Step[] = [];
  const step = <T>(name: string, work: () => T): T => {
    const begun = performance.now();
    const result = work();
    steps.push({ name, seconds: Number(((performance.now() - begun) / 1000).toFixed(1)) });
    return result;
  };
  const { tarball, bytes } = step('pack', packPackage);
  lintPackage(step, tarball);
  const folder = makeRepository(tarball);
  try {
    const node = process.execPath;
    step('install', () => run(folder, 'npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']));
    step('types', () => run(folder, node, ['node_modules/typescript/bin/tsc']));
    step('tests', () => run(folder, node, ['--test', 'test/*.test.ts']));
    step('synth', () => {
      const CDK_OUTDIR = join(folder, 'cdk.out');
      run(folder, node, ['bin/app.ts'], { CDK_OUTDIR });
      checkBundles(CDK_OUTDIR);
    });
    step('command line', () => {
      const version = run(folder, node, ['node_modules/.bin/meridian', '--version']).trim();
      if (version !== manifest.version) throw new Error(`meridian --version said ${version}, not ${manifest.version}.`);
    });
    return { steps, tarballBytes: bytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { json } = readOptions('Usage: npm run package-check -- [--json]', {
    json: { type: 'boolean', default: false },
  });
  try {
    const { steps, tarballBytes } = checkPackage();
    process.stdout.write(
      json
        ? `${JSON.stringify({ ok: true, steps, tarballBytes })}\n`
        : `${steps.map(({ name, seconds }) => `✓ ${name}, ${seconds} s\n`).join('')}${Math.round(tarballBytes / 1000)} kB\n`,
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stdout.write(json ? `${JSON.stringify({ ok: false, message })}\n` : `✗ ${message}\n`);
    process.exitCode = 1;
  }
}

import { globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { packageBin } from '../project/package-bin.ts';
import { readOptions } from './options.ts';
import { packCreate, packPackage } from './pack.ts';
import { checkCdkEntry, checkEntries } from './package-check/entries.ts';
import { lintPackage } from './package-check/lint.ts';
import { INSTALL, runNode, runNpm } from './package-check/run.ts';
import { checkUpgrades } from './package-check/upgrade.ts';
import { type DoneStep, timedSteps } from './steps.ts';

// `npm run package-check`: packs Meridian, then creates, checks and runs a project in an empty folder, as a new team does.

/** Words and stream types that only the examples have. None may be in a team's functions. */
const OF_THE_EXAMPLES = ['LAX', 'Departed', 'airport', '"flight"', '"seats"', '"miles"', '"wallet"'];

/** The project's name. It differs from the one in the starter's files, so that a name that was not replaced is found. */
const NAME = 'corner-shop';

/** The limit of `secondsToAgreement`. */
const MOST_SECONDS = 60;

interface Checked {
  readonly steps: readonly DoneStep[];
  readonly tarballBytes: number;
  /** The time from `create` to Regions that agree on screen, without the install in between. */
  readonly secondsToAgreement: number;
}

/** @throws Error if a function's bundle contains code of an example */
function checkBundles(assembly: string): void {
  const bundles = globSync('asset.*/index.mjs', { cwd: assembly });
  if (bundles.length === 0) throw new Error(`There is no bundle in ${assembly}.`);
  for (const bundle of bundles) {
    const code = readFileSync(join(assembly, bundle), 'utf8');
    const sources = readFileSync(join(assembly, `${bundle}.map`), 'utf8');
    const found = OF_THE_EXAMPLES.filter((word) => code.includes(word));
    if (found.length > 0 || sources.includes('examples/'))
      throw new Error(`${bundle} contains code of an example: ${found.join(', ') || 'one of its files'}.`);
  }
}

/** Installs the package of `npm create` together with Meridian. @returns its command */
async function installCreate(folder: string, tarballs: readonly string[]): Promise<string> {
  const tool = join(folder, 'tool');
  mkdirSync(tool);
  writeFileSync(join(tool, 'package.json'), '{"private":true}');
  await runNpm(tool, [...INSTALL, ...tarballs]);
  return packageBin(tool, `${manifest.name.split('/')[0]}/create`, 'create');
}

/** Runs all at the same time, and waits for each even if one fails: it may still write to the folder. @throws the first failure */
async function inParallel(...works: readonly (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(works.map((work) => work()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Runs all steps, prints each as it begins, and measures it. @throws Error if one fails */
export async function checkPackage(): Promise<Checked> {
  const { step, steps } = timedSteps();
  const secondsOf = (...names: readonly string[]) =>
    steps.filter(({ name }) => names.includes(name)).reduce((sum, { seconds }) => sum + seconds, 0);

  const { tarball, bytes } = await step('pack', packPackage);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-package-')));
  const shop = join(folder, NAME);
  const meridian = () => packageBin(shop, manifest.name, 'meridian');
  const npm = (...args: readonly string[]) => runNpm(shop, args);
  try {
    // Each is one process at a time, and an install mostly waits for the network.
    await inParallel(
      async () => {
        await lintPackage(step, tarball);
        await checkEntries(step, tarball);
      },
      () => checkUpgrades(step, tarball),
      async () => {
        const { tarball: create } = await step('pack create', packCreate);
        const starter = await step('install create', () => installCreate(folder, [create, tarball]));
        await step('create', () => runNode(folder, [starter, NAME]));
        await step('install', () => npm(...INSTALL));
      },
    );
    await inParallel(
      // Checking the CDK's declarations takes longer than all other steps together.
      async () => {
        await step('types', () => npm('run', 'types'));
        await checkCdkEntry(step, shop);
      },
      async () => {
        await step('start', () => npm('start', '--', '--once'));
        await step('tests', () => npm('test'));
        await step('schemas', () => runNode(shop, [meridian(), 'schemas', '--check']));
        await step('synth', () => npm('run', 'synth'));
        await step('bundles', () => checkBundles(join(shop, 'cdk.out')));
        await step('version', async () => {
          const version = (await runNode(shop, [meridian(), '--version'])).trim();
          if (version !== manifest.version)
            throw new Error(`meridian --version printed ${version}, not ${manifest.version}.`);
        });
      },
    );
    const secondsToAgreement = Number(secondsOf('create', 'start').toFixed(1));
    if (secondsToAgreement > MOST_SECONDS)
      throw new Error(
        `It took ${secondsToAgreement} s from the starter to Regions that agree, more than ${MOST_SECONDS} s.`,
      );
    return { steps, tarballBytes: bytes, secondsToAgreement };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function textOf({ steps, tarballBytes, secondsToAgreement }: Checked): string {
  return `${steps.map(({ name, seconds }) => `✓ ${name}, ${seconds} s\n`).join('')}${Math.round(tarballBytes / 1000)} kB; from the installed starter to three Regions that agree: ${secondsToAgreement} s\n`;
}

if (import.meta.main) {
  const { json } = readOptions('Usage: npm run package-check -- [--json]', {
    json: { type: 'boolean', default: false },
  });
  try {
    const checked = await checkPackage();
    process.stdout.write(json ? `${JSON.stringify({ ok: true, ...checked })}\n` : textOf(checked));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stdout.write(json ? `${JSON.stringify({ ok: false, message })}\n` : `✗ ${message}\n`);
    process.exitCode = 1;
  }
}

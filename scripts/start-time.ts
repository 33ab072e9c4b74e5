import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };
import { packageBin } from '../project/package-bin.ts';
import { loadedModules } from './loaded-modules.ts';
import { readOptions } from './options.ts';
import { packPackage } from './pack.ts';
import { runNpm } from './package-check/run.ts';

// `npm run start-time`: how long the command line takes to print its version, compared with an empty Node. With `--bin` it
// measures the packed package, installed in an empty folder; otherwise the command of this repository.

/** The limit, as a multiple of the time of an empty Node. */
const LIMIT = 1.8;
const PAIRS = 41;

function run(args: readonly string[]): number {
  const begun = performance.now();
  const { status, stderr, error } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - begun;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Packs Meridian, installs it in an empty folder as a team does, calls `work` with its command, and removes it. */
async function withInstalledBin(work: (bin: string) => void): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-start-time-')));
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const options = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
    await runNpm(folder, ['install', ...options, packPackage().tarball]);
    work(packageBin(folder, manifest.name, 'meridian'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { json, bin: isInstalled } = readOptions('Usage: npm run start-time -- [--bin] [--json]', {
  json: { type: 'boolean', default: false },
  bin: { type: 'boolean', default: false },
});

function measure(bin: string): void {
  const modules = loadedModules(bin, ['--version']);
  const commands = { node: ['-e', '0'], version: [bin, '--version'] };
  // The first run of each command only fills caches.
  for (const args of Object.values(commands)) run(args);
  // The commands run in pairs, so that a busy machine slows both equally.
  const pairs = Array.from({ length: PAIRS }, () => ({ node: run(commands.node), version: run(commands.version) }));
  const nodeMs = median(pairs.map(({ node }) => node));
  const versionMs = median(pairs.map(({ version }) => version));
  const ratio = median(pairs.map(({ node, version }) => version / node));
  process.stdout.write(
    json
      ? `${JSON.stringify({ nodeMs, versionMs, ratio, limit: LIMIT, pairs: PAIRS, modules: modules.length })}\n`
      : `meridian --version: ${versionMs.toFixed(0)} ms, node -e 0: ${nodeMs.toFixed(0)} ms; ${ratio.toFixed(2)} times as long, at most ${LIMIT}. Medians of ${PAIRS} pairs. Modules loaded: ${modules.length}.\n`,
  );
  // Only the launcher may be loaded, neither the engine nor the CDK.
  process.exitCode = ratio > LIMIT || modules.length > 1 ? 1 : 0;
}

if (isInstalled) await withInstalledBin(measure);
else measure(fileURLToPath(new URL('../bin/meridian.mjs', import.meta.url)));

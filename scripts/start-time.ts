import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readOptions } from './options.ts';

// `npm run start-time`: how long the command line takes to print its version, compared with a Node that does nothing.

/** The limit: how many times as long as an idle Node it may take. */
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

const { json, bin = fileURLToPath(new URL('../bin/meridian.mjs', import.meta.url)) } = readOptions(
  'Usage: npm run start-time -- [--bin <an installed node_modules/.bin/meridian>] [--json]',
  { json: { type: 'boolean', default: false }, bin: { type: 'string' } },
);
const commands = { node: ['-e', '0'], version: [bin, '--version'] };
// The first run of each fills caches.
for (const args of Object.values(commands)) run(args);
// In pairs, so that a busy machine slows both alike.
const pairs = Array.from({ length: PAIRS }, () => ({ node: run(commands.node), version: run(commands.version) }));
const nodeMs = median(pairs.map(({ node }) => node));
const versionMs = median(pairs.map(({ version }) => version));
const ratio = median(pairs.map(({ node, version }) => version / node));
process.stdout.write(
  json
    ? `${JSON.stringify({ nodeMs, versionMs, ratio, limit: LIMIT, pairs: PAIRS })}\n`
    : `meridian --version: ${versionMs.toFixed(0)} ms, node -e 0: ${nodeMs.toFixed(0)} ms; ${ratio.toFixed(2)} times as long, at most ${LIMIT}. Medians of ${PAIRS} pairs.\n`,
);
process.exitCode = ratio > LIMIT ? 1 : 0;

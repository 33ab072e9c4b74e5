import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { initProject } from '../bin/init/init.ts';
import { readOptions } from './options.ts';
import { packPackage } from './pack.ts';
import { runNpm } from './package-check/run.ts';
import { PEER_RANGES } from './peers.ts';

// `npm run check-peers`: tries a new project with the lowest version of every peer that the package allows, then with
// the newest version.

const ENDS = ['lowest', 'newest'] as const;
const peers = Object.entries(PEER_RANGES);

/** A step on a project: its name, and the arguments of npm. */
const STEPS = [
  ['types', 'run', 'types', '--', '--skipLibCheck', 'false'],
  ['tests', 'test'],
  ['start', 'start', '--', '--once'],
  ['synth', 'run', 'synth'],
] as const;

const projectSchema = z.looseObject({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});
const installedSchema = z.object({ version: z.string() });

interface Tried {
  readonly end: (typeof ENDS)[number];
  /** What npm installed, by peer. */
  readonly versions: Readonly<Record<string, string>>;
  /** The steps that ran with them; a fault for each that failed. */
  readonly steps: readonly { readonly name: string; readonly fault?: string }[];
}

/** The lowest version of a range. */
function lowestOf(range: string): string {
  return /\d+\.\d+\.\d+/.exec(range)?.[0] ?? range;
}

async function tryPeers(tarball: string, end: Tried['end']): Promise<Tried> {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-peers-')));
  const folder = join(parent, 'shop');
  try {
    initProject(folder, `file:${tarball}`);
    const file = join(folder, 'package.json');
    const project = projectSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    for (const [name, range] of peers) {
      const version = end === 'lowest' ? lowestOf(range) : range;
      if (name in project.dependencies) project.dependencies[name] = version;
      else project.devDependencies[name] = version;
    }
    writeFileSync(file, JSON.stringify(project, null, 2));
    await runNpm(folder, ['install', '--no-audit', '--no-fund', '--loglevel=error']);
    const versionOf = (name: string) =>
      installedSchema.parse(JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')))
        .version;
    const steps: Tried['steps'][number][] = [];
    for (const [name, ...args] of STEPS) steps.push(await attempt(name, () => runNpm(folder, args)));
    return { end, versions: Object.fromEntries(peers.map(([name]) => [name, versionOf(name)])), steps };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

async function attempt(name: string, work: () => Promise<unknown>): Promise<Tried['steps'][number]> {
  try {
    await work();
    return { name };
  } catch (error) {
    return { name, fault: error instanceof Error ? error.message : String(error) };
  }
}

function table(tried: readonly Tried[]): string {
  const rows = [
    ['peer', 'range', ...tried.map(({ end }) => end)],
    ...peers.map(([name, range]) => [name, range, ...tried.map(({ versions }) => versions[name] ?? '')]),
    ...(tried[0]?.steps ?? []).map(({ name }, i) => [
      name,
      '',
      ...tried.map(({ steps }) => (steps[i]?.fault === undefined ? 'passed' : 'failed')),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

if (import.meta.main) {
  const { json } = readOptions('Usage: npm run check-peers -- [--json]', { json: { type: 'boolean', default: false } });
  const { tarball } = packPackage();
  const tried: Tried[] = [];
  for (const end of ENDS) tried.push(await tryPeers(tarball, end));
  const faults = tried.flatMap(({ steps }) => steps.flatMap(({ fault }) => fault ?? []));
  process.stdout.write(json ? `${JSON.stringify({ ranges: PEER_RANGES, tried })}\n` : table(tried));
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
  process.exitCode = faults.length > 0 ? 1 : 0;
}

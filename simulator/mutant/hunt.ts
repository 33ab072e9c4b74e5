import { spawn } from 'node:child_process';
import * as z from 'zod';
import type { Mutant } from './patches.ts';
import { copySources } from './sources.ts';

/** What came of the search for a fault. */
export interface Hunted {
  readonly found: boolean;
  /** Histories or scenarios until it was found, or in vain. */
  readonly histories: number;
  /** The first broken property, or the scenario whose output differs. */
  readonly property?: string;
  /** Its seed and profile, and what the checker says. */
  readonly what?: string;
}

type Hunt = Pick<Mutant, 'finder' | 'where' | 'within'>;

/**
 * Runs histories, or plays scenarios, with a fault in the sources, until a promise is broken.
 * @param mutant undefined: there is no fault
 * @throws Error if the simulator ends in another way
 */
export async function hunt(root: string, { finder, where, within }: Hunt, mutant?: string): Promise<Hunted> {
  using copy = copySources(root, mutant);
  return await (finder === 'simulator' ? simulate(copy.folder, where, within) : playScenarios(copy.folder, where));
}

const summarySchema = z.object({
  histories: z.number(),
  violations: z.array(z.object({ seed: z.number(), profile: z.string(), property: z.string(), what: z.string() })),
});

async function simulate(folder: string, profile: string, within: number): Promise<Hunted> {
  const chosen = profile === 'mixed' ? [] : ['--profile', profile];
  const args = ['simulator/main.ts', '--seed', '1', '--runs', String(within), ...chosen, '--first', '--json'];
  const { stdout, stderr } = await run(folder, args);
  const summary = summarySchema.safeParse(parsed(stdout));
  if (!summary.success) throw new Error(`The simulator ended without a summary: ${stderr.slice(-2_000)}`);
  const { histories, violations } = summary.data;
  const [first] = violations;
  if (!first) return { found: false, histories };
  const { property, seed, what } = first;
  return { found: true, histories, property, what: `seed ${seed}, profile ${first.profile}: ${what}` };
}

async function playScenarios(folder: string, names: string): Promise<Hunted> {
  const { stdout, stderr, code } = await run(folder, ['simulator/scenario/run.ts', ...names.split(' ')]);
  const played = stdout.split('\n').filter((line) => /^(ok {3}|FAIL )/.test(line));
  if (played.length === 0 || code === 2) throw new Error(`No scenario was played: ${stderr.slice(-2_000)}`);
  const first = played.findIndex((line) => line.startsWith('FAIL '));
  if (first < 0) return { found: false, histories: played.length };
  const name = played[first]?.slice('FAIL '.length).split(':')[0] ?? '';
  const what = stdout.split('\n').filter((line) => /^ {5}[-+] /.test(line));
  return { found: true, histories: first + 1, property: name, what: what.slice(0, 4).join('\n') };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(cwd: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...texts }));
  });
}

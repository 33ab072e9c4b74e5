import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// Runs Quint as its command line does, with the backend that needs no download.

const cli = createRequire(import.meta.url).resolve('@informalsystems/quint/dist/src/cli.js');
const folder = fileURLToPath(new URL('.', import.meta.url));

interface Output {
  readonly code: number | null;
  readonly text: string;
}

/** Runs one command of Quint in this folder. */
export function quint(args: readonly string[]): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    const add = (chunk: Buffer): void => {
      text += chunk.toString();
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

/** What random traces of a module are checked for. */
export interface Simulation {
  /** The file, in this folder. */
  readonly file: string;
  /** A module without open constants. */
  readonly main: string;
  readonly invariants: readonly string[];
  /** Conditions of which is counted how many traces reach them; at least one. */
  readonly reached: readonly string[];
  /** At most; the first violation is the end. */
  readonly traces: number;
  readonly steps: number;
  readonly seed: number;
}

export interface Simulated {
  /** The traces that were run, the violating one included. */
  readonly traces: number;
  readonly seconds: number;
  /** The invariants that the last state violates. */
  readonly violated: readonly string[];
  /** The number of traces that reached each condition. */
  readonly reached: Readonly<Record<string, number>>;
}

/** Runs random traces. @throws Error: Quint found a fault of the specification itself */
export async function simulate(of: Simulation): Promise<Simulated> {
  const begun = performance.now();
  const { code, text } = await quint([
    ...['run', of.file, '--main', of.main, '--backend', 'typescript', '--verbosity', '1'],
    ...['--max-samples', String(of.traces), '--max-steps', String(of.steps), '--seed', String(of.seed)],
    ...['--invariants', ...of.invariants, '--witnesses', ...of.reached],
  ]);
  const seconds = (performance.now() - begun) / 1000;
  const plain = withoutColours(text);
  const isViolated = plain.includes('[violation]');
  if (!isViolated && (code !== 0 || !plain.includes('[ok]'))) throw new Error(`quint run ${of.main} failed:\n${plain}`);
  const witnessed = [...plain.matchAll(/^(\w+) was witnessed in (\d+) trace\(s\) out of (\d+) explored/gm)];
  const listed = [...plain.matchAll(/❌ (\w+)/g)].map(([, name = '']) => name);
  return {
    traces: Number(witnessed[0]?.[3]),
    seconds,
    // Quint names the violated invariant only if there are several.
    violated: isViolated && listed.length === 0 ? of.invariants : listed,
    reached: Object.fromEntries(witnessed.map(([, name = '', count]) => [name, Number(count)])),
  };
}

export interface Tested {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/** Runs the tests of a module. @throws Error: Quint found a fault of the specification itself */
export async function runTests(file: string, main: string, samples = 1): Promise<Tested> {
  const { code, text } = await quint([
    ...['test', file, '--main', main, '--backend', 'typescript'],
    ...['--max-samples', String(samples), '--seed', '1'],
  ]);
  const plain = withoutColours(text);
  const names = (pattern: RegExp) => [...plain.matchAll(pattern)].map(([, name = '']) => name);
  const passed = names(/^ {4}ok (\S+) passed/gm);
  const failed = names(/^ {4}\d+\) (\S+) failed/gm);
  if (code !== 0 && failed.length === 0) throw new Error(`quint test ${main} failed:\n${plain}`);
  return { passed, failed };
}

/** Checks types and effects. @returns what is wrong, if anything */
export async function typecheck(file: string): Promise<string | undefined> {
  const { code, text } = await quint(['typecheck', file]);
  return code === 0 ? undefined : withoutColours(text);
}

function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal takes for colours
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}

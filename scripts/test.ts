import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installEngine, whatIsMissing } from '../tools/localstack/engine.ts';
import { stopSignal, timed } from '../tools/localstack/session.ts';
import { runChecks } from './check.ts';
import type { Counts } from './count-reporter.ts';
import { startForTests, type TestLocalStack } from './localstack.ts';
import { checkPackage } from './package-check.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs vitest with its command line `args`. The counts include failures of vitest itself: a crash, or a non-zero exit
 * without a failed test (coverage, an error outside every test), adds one failure.
 */
async function runTests(args: string[], env: Record<string, string> = {}): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-test-'));
  const file = join(folder, 'counts.json');
  try {
    const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/count-reporter.ts')}`];
    const vitest = spawn(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...args],
      {
        cwd: root,
        env: { ...process.env, ...env, MERIDIAN_TEST_COUNTS: file },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const [code] = await once(vitest, 'close');
    const counts = readCounts(file);
    if (counts.failed === 0 && code !== 0) return fail(counts, 'vitest failed outside the tests, see above');
    return counts;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The projects of vitest.config.ts. */
const CORE = '--project=core';
const OTHERS = ['--project=lib', '--project=others', '--project=separate', '--project=alone'];
const SIMULATOR = '--project=simulator';
const ON_LOCALSTACK = '--project=localstack';

/**
 * Runs the tests that need LocalStack on the one that is started, and stops it. If LocalStack cannot run, these tests are
 * skipped and the run says why. If `MERIDIAN_REQUIRE` in the environment contains `localstack`, the run fails instead.
 * @param starting its start, with the grocery deployed to it
 */
export async function runTestsOnLocalStack(
  args: string[],
  starting: () => Promise<TestLocalStack> = startLocalStack,
): Promise<Counts> {
  const missing = whatIsMissing();
  if (missing !== undefined) {
    const counts = await runTests([ON_LOCALSTACK, ...args], {
      MERIDIAN_LOCALSTACK: '',
      MERIDIAN_LOCALSTACK_MISSING: missing,
    });
    return process.env.MERIDIAN_REQUIRE?.includes('localstack') ? fail(counts, missing) : counts;
  }
  try {
    const { endpoint, mailUrl = '', stop } = await starting();
    const env = { MERIDIAN_LOCALSTACK: endpoint, MERIDIAN_LOCALSTACK_MAILS: mailUrl };
    try {
      return await timed(say, 'Tests', () => runTests([ON_LOCALSTACK, ...args], env));
    } finally {
      await timed(say, 'Stop', stop);
    }
  } catch (error) {
    return fail(NONE, `no test could run on LocalStack: ${error instanceof Error ? error.message : error}`);
  }
}

/** Starts LocalStack, and deploys the grocery to it. */
function startLocalStack(): Promise<TestLocalStack> {
  return startForTests(stopSignal());
}

/** Downloads LocalStack before it is needed. If that fails, its start downloads it again, and reports why it cannot. */
async function downloadLocalStack(): Promise<void> {
  if (whatIsMissing() === undefined) await installEngine(root).catch(() => undefined);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The last line of a run: `N passed, N failed`, and `N skipped` if tests were skipped. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return NONE; // vitest ended before its reporter wrote the file
  }
}

const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (a, b) => ({
      passed: a.passed + b.passed,
      failed: a.failed + b.failed,
      skipped: a.skipped + b.skipped,
    }),
    NONE,
  );
}

function fail(counts: Counts, reason: string): Counts {
  process.stdout.write(`✗ ${reason}\n`);
  return { ...counts, failed: counts.failed + 1 };
}

/** Arguments are for a quick look at some tests: they go to vitest, without the checks and without coverage. */
async function runSome(args: string[]): Promise<Counts> {
  const counts = await runTests(args);
  return counts.passed + counts.failed === 0 ? fail(counts, 'no test was executed') : counts;
}

/** The steps of a team that uses the package; each step counts as a test. */
async function packageCounts(): Promise<Counts> {
  try {
    const { steps } = await checkPackage();
    process.stdout.write(steps.map(({ name, seconds }) => `✓ package: ${name} (${seconds} s)\n`).join(''));
    return { ...NONE, passed: steps.length };
  } catch (error) {
    return fail(NONE, `the package cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * The tests on LocalStack run last, and alone, because they keep the whole machine busy. Its download waits for the network, and
 * its start for one process at a time: they run during the checks of the code and of the package, which leave a processor idle.
 */
async function runAll(): Promise<Counts> {
  const seconds: string[] = [];
  const part = async (name: string, run: () => Promise<Counts>): Promise<Counts> => {
    const begin = performance.now();
    const counts = await run();
    seconds.push(`${name} ${((performance.now() - begin) / 1000).toFixed(0)} s`);
    return counts;
  };
  const download = downloadLocalStack();
  const counts = [
    await part('checks', async () => ({ ...(await runChecks()), skipped: 0 })),
    await part('core', () => runTests(['--coverage', CORE])),
    await part('tests', () => runTests(OTHERS)),
    await part('simulator', () => runTests([SIMULATOR])),
  ];
  await download;
  // Both use the package, which is packed once. What it fails with is reported where it is awaited.
  const packing = part('package', packageCounts);
  const started = whatIsMissing() === undefined ? startLocalStack() : undefined;
  started?.catch(() => undefined);
  counts.push(await packing);
  counts.push(await part('LocalStack', () => runTestsOnLocalStack([], started && (() => started))));
  process.stdout.write(`${seconds.join(', ')}\n`);
  return sum(counts);
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const total = await (args.length > 0 ? runSome(args) : runAll());
  process.stdout.write(`${summary(total)}\n`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

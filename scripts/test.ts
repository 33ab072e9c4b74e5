import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks } from './check.ts';
import type { Counts } from './count-reporter.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs vitest with its command line `args`. Whatever happens to vitest, the counts tell: no test executed, a crash, or
 * a non-zero exit without a failed test (coverage, an error outside every test) each add one failure.
 */
export async function runTests(args: string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-test-'));
  const file = join(folder, 'counts.json');
  try {
    const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/count-reporter.ts')}`];
    const vitest = spawn(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...args],
      {
        cwd: root,
        env: { ...process.env, MERIDIAN_TEST_COUNTS: file },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const [code] = await once(vitest, 'close');
    const counts = readCounts(file);
    if (counts.failed === 0 && code !== 0) return fail(counts, 'vitest failed outside the tests, see above');
    if (counts.passed + counts.failed === 0) return fail(counts, 'no test was executed');
    return counts;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The last line of a run: `N passed, N failed`, and what was skipped if anything was. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }; // vitest ended before its reporter was asked
  }
}

function fail(counts: Counts, reason: string): Counts {
  process.stdout.write(`✗ ${reason}\n`);
  return { ...counts, failed: counts.failed + 1 };
}

if (import.meta.main) {
  // Arguments are for a quick look at some tests: they go to vitest, without the checks and without coverage.
  const args = process.argv.slice(2);
  const checks = args.length > 0 ? { passed: 0, failed: 0 } : await runChecks();
  const tests = await runTests(args.length > 0 ? args : ['--coverage']);
  const total = { ...tests, passed: tests.passed + checks.passed, failed: tests.failed + checks.failed };
  process.stdout.write(`${summary(total)}\n`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

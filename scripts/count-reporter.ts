import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** The number of tests by result. A test that was cut off counts as failed, as does a file that failed outside its tests. */
export type Counts = { passed: number; failed: number; skipped: number };

/** A vitest reporter that prints why tests were skipped and writes the {@link Counts} as JSON to the file MERIDIAN_TEST_COUNTS. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
    const reasons = new Set<string>();
    for (const module of modules) {
      const failedBefore = counts.failed;
      for (const test of module.children.allTests()) {
        const result = test.result();
        counts[result.state === 'pending' ? 'failed' : result.state] += 1;
        if (result.state === 'skipped' && result.note) reasons.add(result.note);
      }
      const ended = module.state() === 'passed' || module.state() === 'skipped';
      if (!ended && counts.failed === failedBefore) counts.failed += 1;
    }
    for (const reason of reasons) process.stdout.write(`skipped: ${reason}\n`);
    const file = process.env.MERIDIAN_TEST_COUNTS;
    if (file) writeFileSync(file, JSON.stringify(counts));
  }
}

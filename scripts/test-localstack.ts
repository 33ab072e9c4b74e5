import { runTestsOnLocalStack, summary } from './test.ts';

// Arguments go to vitest: which files, which tests.
const counts = await runTestsOnLocalStack(process.argv.slice(2));
process.stdout.write(`${summary(counts)}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;

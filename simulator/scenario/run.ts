import { readArguments } from '../../scripts/options.ts';
import { differences } from './diff.ts';
import { loadScenario, readCoverage, savePage, saveScenario, scenarioNames } from './files.ts';
import { play } from './play.ts';
import { ScenarioError } from './problem.ts';

const usage = `Usage: npm run scenarios -- [--rewrite] [<name>…]
Plays scenario files and compares what they print with what they expect; --rewrite replaces the expected output. Without
names it plays all of them, and also compares, or rewrites, the tables in docs/internals/scenarios.md. Exit code 1 if
something differs, 2 if a file cannot be read.`;

/** @returns whether the output is as expected */
async function check(name: string): Promise<boolean> {
  const scenario = loadScenario(name);
  const found = differences(scenario, await play(scenario));
  process.stdout.write(
    found.length === 0 ? `ok   ${name}: ${scenario.guarantee}\n` : `FAIL ${name}: ${scenario.guarantee}\n`,
  );
  for (const line of found) process.stdout.write(`     ${line}\n`);
  return found.length === 0;
}

async function rewrite(name: string): Promise<void> {
  const scenario = loadScenario(name);
  const outputs = await play(scenario);
  const isNew = differences(scenario, outputs).length > 0;
  if (isNew) saveScenario(scenario, outputs);
  process.stdout.write(`${isNew ? 'new ' : 'same'} ${name}: ${scenario.guarantee}\n`);
}

/** Checks, or rewrites, what the page about scenarios says about all of them. @returns what is wrong */
function checkPage(isRewriting: boolean): readonly string[] {
  const { faults, page } = readCoverage();
  if (isRewriting) savePage(page.current);
  const isOld = !isRewriting && page.written !== page.current;
  return [
    ...faults,
    ...(isOld ? ['docs/internals/scenarios.md is not current: run `npm run scenarios -- --rewrite`.'] : []),
  ];
}

const { values, positionals } = readArguments(usage, { rewrite: { type: 'boolean' } });
const names = positionals.length === 0 ? scenarioNames : positionals.map((name) => name.replace(/\.txt$/, ''));
let failed = 0;
try {
  for (const name of names)
    if (values.rewrite) await rewrite(name);
    else if (!(await check(name))) failed++;
  const faults = positionals.length === 0 ? checkPage(values.rewrite === true) : [];
  for (const fault of faults) process.stdout.write(`FAIL ${fault}\n`);
  failed += faults.length;
} catch (error) {
  if (!(error instanceof ScenarioError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
if (!values.rewrite) process.stdout.write(`${names.length} scenarios, ${failed} faults\n`);
process.exitCode = failed > 0 ? 1 : 0;

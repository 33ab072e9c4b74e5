import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { coverageOf } from './coverage.ts';
import { withTables } from './page.ts';
import { parseScenario, printScenario, type Scenario } from './parse.ts';
import { ScenarioError } from './problem.ts';

const folder = new URL('files/', import.meta.url);
const guarantees = new URL('../../docs/reference/guarantees.md', import.meta.url);
const page = new URL('../../docs/internals/scenarios.md', import.meta.url);

/** The names of all scenarios, without `.txt`. */
export const scenarioNames: readonly string[] = readdirSync(fileURLToPath(folder))
  .filter((file) => file.endsWith('.txt'))
  .map((file) => file.slice(0, -'.txt'.length))
  .sort();

/** @throws ScenarioError when there is no such scenario, or its file cannot be read */
export function loadScenario(name: string): Scenario {
  if (!scenarioNames.includes(name))
    throw new ScenarioError(`There is no scenario ${name}. Scenarios: ${scenarioNames.join(', ')}.`);
  return parseScenario(`${name}.txt`, readFileSync(new URL(`${name}.txt`, folder), 'utf8'));
}

/** Replaces the expected output in a scenario's file. */
export function saveScenario(scenario: Scenario, outputs: readonly (readonly string[])[]): void {
  writeFileSync(new URL(scenario.file, folder), printScenario(scenario, outputs));
}

/** What all scenarios show of the guarantees, and the page about scenarios: as it is, and as it should be. */
export function readCoverage() {
  const { covered, faults } = coverageOf(readFileSync(guarantees, 'utf8'), scenarioNames.map(loadScenario));
  const written = readFileSync(page, 'utf8');
  return { faults, page: { written, current: withTables(written, covered) } };
}

/** Replaces the page about scenarios. */
export function savePage(text: string): void {
  writeFileSync(page, text);
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseScenario, printScenario, type Scenario } from './parse.ts';
import { ScenarioError } from './problem.ts';

const folder = new URL('files/', import.meta.url);

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

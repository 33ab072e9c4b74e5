import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { differences } from '../../simulator/scenario/diff.ts';
import { loadScenario, readCoverage, scenarioNames } from '../../simulator/scenario/files.ts';
import { printScenario } from '../../simulator/scenario/parse.ts';
import { play } from '../../simulator/scenario/play.ts';
import { verbNames } from '../../simulator/scenario/verbs/index.ts';

const outputsOf = (name: string) => loadScenario(name).blocks.map(({ expected }) => expected);

describe('the scenario', () => {
  it.each(scenarioNames)('%s prints what its file expects', async (name) => {
    const scenario = loadScenario(name);
    expect(differences(scenario, await play(scenario)).join('\n')).toBe('');
  });

  it.each(scenarioNames)('%s is written as the runner rewrites it, and explains itself', (name) => {
    const scenario = loadScenario(name);
    const text = readFileSync(new URL(`../../simulator/scenario/files/${name}.txt`, import.meta.url), 'utf8');
    expect(printScenario(scenario, outputsOf(name))).toBe(text);
    const story = scenario.head.filter((line) => !/^# (guarantee|shows): /.test(line));
    expect(story.length).toBeGreaterThan(0);
    expect(story.length).toBeLessThan(4);
  });
});

describe('the scenarios', () => {
  it('show every guarantee and every statement below it, or a reason says why none does', () => {
    expect(readCoverage().faults).toEqual([]);
  });

  it('are listed on their page, with every verb', () => {
    const { page } = readCoverage();
    expect(page.written).toBe(page.current);
    for (const verb of verbNames) expect(page.written, verb).toContain(`\`${verb}\``);
  });
});

import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The names of properties in the checkers: those that violations are made with. */
function propertiesIn(source: string): readonly string[] {
  const named = /(?:property: |violation(?:Of)?\([^'`;]*|property = |name: |outOfOrder\(\s*)'([^']+)'/g;
  return [...source.matchAll(named)].map(([, name = '']) => name);
}

describe('docs/internals/histories.md', () => {
  it('explains every property that a violation can be about', () => {
    const page = readFileSync('docs/internals/histories.md', 'utf8');
    const sources = globSync('checkers/**/*.ts').map((file) => readFileSync(file, 'utf8'));
    const properties = new Set(sources.flatMap(propertiesIn));
    expect(properties.size).toBeGreaterThan(35);
    expect([...properties].filter((property) => !page.includes(`\`${property}\``))).toEqual([]);
  });
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadMutants, parseMutant, patchOf, remeasured } from '../../simulator/mutant/patches.ts';
import { copySources } from '../../simulator/mutant/sources.ts';
import { tableIn, tableOf, withTable } from '../../simulator/mutant/table.ts';
import { isProfile } from '../../simulator/plan.ts';
import { scenarioNames } from '../../simulator/scenario/files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const mutants = loadMutants(root);

describe('the mutants', () => {
  it.each(mutants.map(({ name }) => name))('has a patch that applies: %s', (name) => {
    const { status, stderr } = spawnSync('git', ['apply', '--check', patchOf(name)], { cwd: root, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('are at least 40, and at most 4 more are equivalent', () => {
    const equivalent = mutants.filter((mutant) => mutant.equivalent !== undefined);
    expect(equivalent.length).toBeLessThanOrEqual(4);
    expect(mutants.length - equivalent.length).toBeGreaterThanOrEqual(40);
    expect(mutants.filter(({ property }) => property !== undefined).length).toBeGreaterThanOrEqual(69);
  });

  it('differ in their faults and in their rules', () => {
    const faults = mutants.map(({ text }) => text.slice(text.indexOf('diff --git ')));
    expect(new Set(faults).size).toBe(mutants.length);
    expect(new Set(mutants.map(({ rule }) => rule)).size).toBe(mutants.length);
  });

  it('name profiles and scenarios that exist', () => {
    for (const { name, finder, where } of mutants) {
      const isThere = (each: string) => each === 'mixed' || isProfile(each);
      const unknown =
        finder === 'simulator' ? !isThere(where) : where.split(' ').some((each) => !scenarioNames.includes(each));
      expect({ name, unknown }).toEqual({ name, unknown: false });
    }
  });

  it('are found within the histories that they state, if they state what has found them', () => {
    for (const { name, property, histories, within } of mutants)
      expect({ name, isWithin: property === undefined || Number(histories) <= within }).toEqual({
        name,
        isWithin: true,
      });
  });

  it('are in the table of docs/proof.md, as their patches state it', () => {
    const page = readFileSync(join(root, 'docs/proof.md'), 'utf8');
    expect(tableIn(page).trim()).toBe(tableOf(mutants).trim());
    expect(withTable(page, tableOf(mutants))).toBe(page);
  });
});

describe('a patch', () => {
  const text = 'A rule is off.\n\nFound-by: simulator\nProfile: calm\nWithin: 10\n\ndiff --git a/index.ts b/index.ts\n';

  it('is refused without a rule, without a finder, and with a field that nothing reads', () => {
    expect(parseMutant('a', text)).toMatchObject({
      rule: 'A rule is off.',
      finder: 'simulator',
      where: 'calm',
      within: 10,
    });
    expect(() => parseMutant('a', text.replace('A rule is off.\n\n', ''))).toThrow('a.patch');
    expect(() => parseMutant('a', text.replace('Profile: calm\n', ''))).toThrow('Profile');
    expect(() => parseMutant('a', text.replace('Found-by: simulator', 'Found-by: luck'))).toThrow('Found-by');
    expect(() => parseMutant('a', text.replace('Within', 'Inside'))).toThrow('Inside');
  });

  it('can state again what has found it', () => {
    const measured = parseMutant('a', remeasured(parseMutant('a', text), 'no gaps', 3));
    expect(measured).toMatchObject({ property: 'no gaps', histories: 3, within: 10 });
    expect(remeasured(measured, 'atomic', 4)).toBe(remeasured(parseMutant('a', text), 'atomic', 4));
  });
});

describe('a copy of the sources', () => {
  it('has the fault, and the work tree does not; it is removed in the end', () => {
    const [mutant] = mutants;
    if (!mutant) throw new Error('There is no mutant.');
    const file = /^\+\+\+ b\/(.*)$/m.exec(mutant.text)?.[1] ?? '';
    const own = readFileSync(join(root, file), 'utf8');
    let folder: string;
    {
      using copy = copySources(root, mutant.name);
      folder = copy.folder;
      expect(readFileSync(join(folder, file), 'utf8')).not.toBe(own);
      expect(readFileSync(join(root, file), 'utf8')).toBe(own);
    }
    expect(() => readFileSync(join(folder, file))).toThrow('ENOENT');
  });

  it('is not made if the patch does not apply', () => {
    expect(() => copySources(root, 'no-such-mutant')).toThrow('git apply');
  });
});

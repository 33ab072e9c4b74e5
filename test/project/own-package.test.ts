import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { otherMeridian } from '../../project/own-package.ts';
import { makeTree } from '../checks/tree.ts';
import { linkPackage } from '../link-package.ts';

function aProject(files: Readonly<Record<string, string>>): string {
  const folder = makeTree({ 'package.json': '{}', ...files });
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const installed = `node_modules/${manifest.name}`;

it('a project that has installed another copy of Meridian than the running copy is reported', () => {
  const folder = aProject({ [`${installed}/package.json`]: JSON.stringify({ name: manifest.name }) });
  expect(otherMeridian(folder)).toBe(join(folder, installed));
});

it('a project with the running copy, by any link, or with no copy yet is not reported', () => {
  const folder = aProject({});
  expect(otherMeridian(folder)).toBeUndefined();
  linkPackage(folder);
  expect(otherMeridian(folder)).toBeUndefined();
});

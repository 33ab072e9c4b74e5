import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addProjectCommands, findProject } from '../../project/project.ts';
import { makeTree } from '../checks/tree.ts';

function aFolder(files: Record<string, string>): string {
  const root = makeTree(files);
  onTestFinished(() => rmSync(root, { recursive: true }));
  return root;
}

describe('the project that a command runs in', () => {
  it('is the nearest folder above whose package.json has a member meridian', () => {
    const root = aFolder({
      'package.json': '{"meridian":{}}',
      'tools/package.json': '{"name":"tools"}',
      'tools/src/a.ts': '',
    });
    expect(findProject(join(root, 'tools/src'))).toEqual({
      folder: root,
      domain: join(root, 'streams/index.ts'),
      schemas: join(root, 'schemas'),
      commands: undefined,
    });
  });

  it('names the files of its domain, its schemas and its own commands', () => {
    const root = aFolder({
      'package.json': '{"meridian":{"domain":"src/domain.ts","schemas":"api","commands":"src/commands.ts"}}',
    });
    expect(findProject(root)).toMatchObject({
      domain: join(root, 'src/domain.ts'),
      schemas: join(root, 'api'),
      commands: join(root, 'src/commands.ts'),
    });
  });

  it('is undefined in a folder outside of every project', () => {
    expect(findProject(aFolder({ 'package.json': '{"name":"other"}' }))).toBeUndefined();
  });

  it.each([
    ['{"meridian":{"domain":1}}', '✖ Invalid input: expected string, received number\n  → at meridian.domain'],
    ['{"meridian":', '✖ Unexpected end of JSON input'],
  ])('is refused with the name of the file and the fault if package.json is %s', (text, fault) => {
    const root = aFolder({ 'package.json': text });
    expect(() => findProject(root)).toThrow(`${join(root, 'package.json')}: ${fault}`);
  });
});

describe('the commands of a project', () => {
  async function namesOf(files: Record<string, string>) {
    const root = aFolder({ 'package.json': '{"type":"module","meridian":{"commands":"commands.ts"}}', ...files });
    const program = new Command();
    const project = findProject(root) ?? expect.fail('there is no project');
    await addProjectCommands(program, project);
    return program.commands.map((command) => command.name());
  }

  it('are added to the existing ones', async () => {
    const text = "export const addCommands = (program) => { program.command('greet'); };";
    expect(await namesOf({ 'commands.ts': text })).toEqual(['greet']);
  });

  it('are refused with the name of their file if it exports none', async () => {
    await expect(namesOf({ 'commands.ts': 'export const other = 1;' })).rejects.toThrow(/commands\.ts.*addCommands/);
  });
});

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DomainFileError, domainFileOf } from '../../project/domain-file.ts';
import { makeTree } from '../checks/tree.ts';

const core = JSON.stringify(join(process.cwd(), 'core/index.ts'));

const reader = JSON.stringify(join(process.cwd(), 'project/domain-file.ts'));

/** Reads the file in a separate process: in this one, `require` would load the engine a second time. */
function read(text: string | undefined, others: Readonly<Record<string, string>> = {}): { readonly message?: string } {
  const root = makeTree({
    'package.json': '{"type":"module"}',
    ...others,
    ...(text !== undefined && { 'streams.ts': text }),
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  const code = `
    const { readDomain } = await import(${reader});
    try {
      const { streams, views } = readDomain(process.argv[1]);
      console.log(JSON.stringify({ streams: [...streams], views: [...views] }));
    } catch ({ name, message }) {
      console.log(JSON.stringify({ name, message }));
    }`;
  const file = join(root, 'streams.ts');
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', code, file], { encoding: 'utf8' }));
}

describe('the file of a domain', () => {
  it('is read at once', () => {
    const domain = read(
      `import { defineDomain } from ${core};\nexport const domain = defineDomain({ streams: [], views: [] });`,
    );
    expect(domain).toEqual({ streams: [], views: [] });
  });

  it.each([
    ['is missing', undefined, 'no such file'],
    ['throws', "throw new Error('out of paper');", 'out of paper'],
    ['awaits at its top level', '\nexport const domain = await Promise.resolve(1);', 'awaits at its top level. Move'],
    ['exports nothing', '', 'exports nothing'],
    ['exports something else', 'export const streams = 1;', 'exports streams'],
    ['exports no domain under that name', 'export const domain = { streams: [] };', 'exports domain'],
    ['is not TypeScript', 'export const domain = ;', 'could not be loaded'],
    [
      'has two types of one name',
      `import { defineDomain, defineStream } from ${core};
const made = () => defineStream({ type: 'note', mode: 'merge', events: {}, initial: 0, evolve: (s) => s, commands: {} });
export const domain = defineDomain({ streams: [made(), made()], views: [] });`,
      'Two stream types are named note',
    ],
  ])('that %s is refused with its path, what was found and what to write', (_what, text, found) => {
    expect(read(text)).toEqual({
      name: 'DomainFileError',
      message: expect.stringMatching(new RegExp(`^/.*streams\\.ts(:\\d+)?: .*${found}`, 's')),
    });
  });

  it.each([
    ['awaits at its top level', 'const one = async () => 1;\n\nexport const cart = await one();', 3, 'It awaits'],
    ['throws', "export const cart = 1;\nthrow new Error('out of paper');", 2, 'out of paper'],
    ['is not TypeScript', '\n\nexport const cart = ;', 3, 'Expression expected'],
  ])('that imports a file that %s is refused with the imported file and its line first', (_what, text, line, found) => {
    const { message } = read("export { cart as domain } from './my streams/cart.ts';", { 'my streams/cart.ts': text });
    expect(message).toMatch(new RegExp(`^/.*/my streams/cart\\.ts:${line}: ${found}.*/streams\\.ts `));
  });

  it('that imports a name that does not exist is refused with its line', () => {
    const { message } = read("\nexport { domain } from './cart.ts';", { 'cart.ts': 'export const cart = 1;' });
    expect(message).toMatch(/^\/.*\/streams\.ts:2: .*does not provide an export named 'domain'\. Fix that/);
  });

  it('is named by a URL or an absolute path', () => {
    const path = join(process.cwd(), 'streams/index.ts');
    expect(domainFileOf(path)).toBe(path);
    expect(domainFileOf(pathToFileURL(path).href)).toBe(path);
    expect(() => domainFileOf('streams/index.ts')).toThrow(DomainFileError);
  });
});

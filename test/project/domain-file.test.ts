import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DomainFileError, domainFileOf, readDomain } from '../../project/domain-file.ts';
import { makeTree } from '../checks/tree.ts';

const core = JSON.stringify(join(process.cwd(), 'core/index.ts'));

/** What reading a domain's file with this text gives, or the error. */
function read(text: string | undefined) {
  const root = makeTree({ 'package.json': '{"type":"module"}', ...(text !== undefined && { 'streams.ts': text }) });
  onTestFinished(() => rmSync(root, { recursive: true }));
  try {
    return readDomain(join(root, 'streams.ts'));
  } catch (error) {
    return error;
  }
}

describe('the file of a domain', () => {
  it('is read at once', () => {
    const domain = read(
      `import { defineDomain } from ${core};\nexport const domain = defineDomain({ streams: [], views: [] });`,
    );
    expect(domain).toMatchObject({ streams: new Map(), views: new Map() });
  });

  it.each([
    ['is missing', undefined, 'no such file'],
    ['throws', "throw new Error('out of paper');", 'out of paper'],
    ['awaits at its top level', 'export const domain = await Promise.resolve(1);', 'awaits'],
    ['exports nothing', '', 'exports nothing'],
    ['exports something else', 'export const streams = 1;', 'exports streams'],
    ['exports no domain under that name', 'export const domain = { streams: [] };', 'exports domain'],
    ['is no TypeScript', 'export const domain = ;', 'could not be loaded'],
    [
      'has two types of one name',
      `import { defineDomain, defineStream } from ${core};
const made = () => defineStream({ type: 'note', mode: 'merge', events: {}, initial: 0, evolve: (s) => s, commands: {} });
export const domain = defineDomain({ streams: [made(), made()], views: [] });`,
      'Two stream types are named note',
    ],
  ])('that %s is refused with its name, what was found and what to write', (_what, text, found) => {
    const error = read(text);
    expect(error).toBeInstanceOf(DomainFileError);
    expect(String(error)).toContain('streams.ts: ');
    expect(String(error)).toContain(found);
  });

  it('is named by a URL or an absolute path', () => {
    const path = join(process.cwd(), 'streams/index.ts');
    expect(domainFileOf(path)).toBe(path);
    expect(domainFileOf(pathToFileURL(path).href)).toBe(path);
    expect(() => domainFileOf('streams/index.ts')).toThrow(DomainFileError);
  });
});

import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { proseIn } from '../../scripts/prose.ts';
import { draw } from '../../scripts/sample-words.ts';
import { checkWords } from '../../scripts/words.ts';
import { makeTree } from './tree.ts';

const mark = '`';

describe('the check of words', () => {
  it.each([
    [
      'a block comment',
      'core/a.ts',
      '/** The message comes\n * again later. */\nexport const a = 1;',
      'core/a.ts:1 "comes again"',
    ],
    [
      'line comments',
      'core/a.ts',
      'const a = 1;\n// What is left has to\n// be mended by hand.',
      'core/a.ts:2 "mended"',
    ],
    ['a comment after code', 'core/a.ts', 'const a = 1; // kept for ever', 'core/a.ts:1 "for ever"'],
    ['a message', 'core/a.ts', "throw new Error('Others were faster here.');", 'core/a.ts:1 "Others were faster"'],
    ['a template', 'core/a.ts', `const a = ${mark}$\{id} stands in $\{where} already${mark}`, 'core/a.ts:1 "stands"'],
    ['a title', 'test/a.test.ts', "it('tells nobody of it', () => {});", 'test/a.test.ts:1 "tells"'],
    [
      'the end of a title',
      'test/a.test.ts',
      "it('refuses a rate that is none', () => {});",
      'test/a.test.ts:1 "that is none"',
    ],
    ['a paragraph', 'docs/a.md', '# A\n\nA rebuild that is\nunder way continues.\n', 'docs/a.md:3 "under way"'],
    ['a row of a table', 'docs/a.md', '| a |\n| --- |\n| nobody asks |\n', 'docs/a.md:3 "nobody"'],
  ])('reports %s, and what to write', (_what, file, text, fault) => {
    expect(check({ [file]: text })[0]).toMatch(new RegExp(`^${RegExp.escape(fault)}: write .+`));
  });

  it.each([
    ['code in backticks', 'docs/a.md', 'The action `mend anew` is reserved.\n'],
    ['a block of code', 'docs/a.md', '```\nmend it anew\n```\n'],
    ['the target of a link', 'docs/a.md', '[Starting](anew.md) is simple.\n'],
    ['a name', 'core/a.ts', 'export function mend(anew: string) {\n  return anew;\n}'],
    ['a string of one word, which may be data', 'core/a.ts', "export const state = 'anew';"],
    ['what stands for something', 'docs/a.md', 'A dash stands for standard input.\n'],
  ])('does not count %s', (_what, file, text) => {
    expect(check({ [file]: text, 'docs/other.md': 'A page.\n' })).toEqual([]);
  });

  it('ignores files that are listed as not covered yet, and reports needless entries', () => {
    const files = { 'bin/a.ts': '// Begin anew.', 'lib/a.ts': '// Start again.', 'core/a.ts': '// Start again.' };
    expect(check(files, ['bin'])).toEqual([]);
    expect(check(files, ['bin', 'lib'])).toEqual([expect.stringMatching(/^lib is listed as not covered/)]);
    expect(check(files)).toEqual([expect.stringContaining('bin/a.ts:1 "anew"')]);
  });

  it('reports a folder without texts: it would accept anything', () => {
    expect(check({})).toEqual(['found no text']);
  });
});

describe('a sample of texts', () => {
  const texts = proseIn(
    'core/a.ts',
    Array.from({ length: 50 }, (_, i) => `// Comment number ${i}.\nlet a${i};`).join('\n'),
  );

  it('is the same for the same seed, and repeats no text', () => {
    const drawn = draw(texts, 7, 20);
    expect(draw(texts, 7, 20)).toEqual(drawn);
    expect(draw(texts, 8, 20)).not.toEqual(drawn);
    expect(new Set(drawn).size).toBe(20);
  });

  it('has all texts if there are fewer than were asked for', () => {
    expect(draw(texts, 7, 100)).toHaveLength(50);
  });
});

function check(files: Record<string, string>, except: readonly string[] = []): readonly string[] {
  const root = makeTree(files);
  try {
    return checkWords(root, except).faults;
  } finally {
    rmSync(root, { recursive: true });
  }
}

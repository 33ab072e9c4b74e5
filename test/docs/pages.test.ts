import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config.ts';

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/**/*.md')];
function textOf(page: string): string {
  return readFileSync(page, 'utf8');
}
function codeOf(page: string, language: string): readonly string[] {
  return [...textOf(page).matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  );
}

/** What headings are called in links, as GitHub has it. */
function anchorsOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const prose = textOf(page).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
    for (const [link, path = '', anchor] of prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
      const target = path === '' ? page : join(dirname(page), path);
      if (anchor !== undefined) expect(anchorsOf(target), link).toContain(anchor);
      else expect(globSync(target), link).not.toEqual([]);
    }
  });
});

describe('README.md', () => {
  it('shows the stream that the guide has, which a test follows', () => {
    const shown = codeOf('README.md', 'ts');
    expect(shown).toHaveLength(1);
    expect(codeOf('docs/guide.md', 'ts')).toEqual(expect.arrayContaining([...shown]));
  });

  it('explains every key of the context', () => {
    const keys: string[] = [];
    parseConfig({
      context: (key) => {
        keys.push(key);
        return key === 'regions' ? ['us-east-1', 'us-east-2'] : undefined;
      },
    });
    const [, table = ''] = /^ *\| key +\| meaning.*\n.*\n((?: *\|.*\n)+)/m.exec(textOf('README.md')) ?? [];
    expect([...table.matchAll(/^ *\| `(\w+)`/gm)].map(([, key]) => key).sort()).toEqual(keys.sort());
  });
});

import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as aws from '../../core/limits/aws.ts';
import * as budgets from '../../core/limits/budgets.ts';
import { parseConfig } from '../../lib/config.ts';
import { copyPages } from '../../scripts/pack.ts';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md'),
  ...globSync('examples/*/README.md'),
];
const NOT_OURS = new Set(['node_modules', 'cdk.out', 'coverage']);
/** The examples may be removed: nothing in Meridian needs them. */
const hasExamples = existsSync('examples');
function textOf(page: string): string {
  return readFileSync(page, 'utf8');
}

/** The anchors of headings, as GitHub derives them. */
function anchorsOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Expects that every link of a page leads to a file or a heading. @returns the number of links to files */
function checkLinks(page: string): number {
  const prose = textOf(page).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
  let files = 0;
  for (const [link, path = '', anchor] of prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
    if (path !== '') files++;
    const target = path === '' ? page : join(dirname(page), path);
    if (target.startsWith('examples/') && !hasExamples) continue;
    if (anchor !== undefined) expect(anchorsOf(target), link).toContain(anchor);
    else expect(globSync(target), link).not.toEqual([]);
  }
  return files;
}

describe('the pages', () => {
  it.each(pages)('%s has no dead link', (page) => {
    checkLinks(page);
  });

  it('have no dead link in the package either, where most of the repository is missing, and keep the links to each other', () => {
    const stage = mkdtempSync(join(tmpdir(), 'meridian-pages-'));
    onTestFinished(() => rmSync(stage, { recursive: true }));
    copyPages(stage);
    const staged = globSync(join(stage, '{*,docs/**/*}.md'));
    const files = staged.reduce((sum, page) => sum + checkLinks(page), 0);
    expect(files).toBeGreaterThan(200);
    expect(textOf(join(stage, 'docs/README.md'))).toContain(', contributing ');
  });
});

describe('docs/reference/construct.md', () => {
  it('explains every property that the context may set', () => {
    const keys: string[] = [];
    parseConfig({
      context: (key) => {
        keys.push(key);
        return key === 'regions' ? ['us-east-1', 'us-east-2'] : undefined;
      },
    });
    const [, table = ''] =
      /^\| property +\| default.*\n.*\n((?:\|.*\n)+)/m.exec(textOf('docs/reference/construct.md')) ?? [];
    const properties = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, property]) => property);
    expect(properties.sort()).toEqual([...keys, 'domain', 'functions', 'subscribers'].sort());
  });
});

describe('docs/reference/limits.md', () => {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, day: 86_400_000, days: 86_400_000 };
  /** `240 s` is the value 240,000 of a constant in milliseconds, and 240 of a constant in seconds. */
  const inUnitOf = (constant: string, value: string): number => {
    const [number = '', unit = ''] = value.replaceAll(',', '').split(' ');
    return (Number(number) * (units[unit] ?? 1)) / (unit in units && constant.endsWith('_S') ? 1000 : 1);
  };
  const limits: Readonly<Record<string, unknown>> = { ...aws, ...budgets };
  const rows = [...textOf('docs/reference/limits.md').matchAll(/^\| .* \| (\S.*?) +\| `([A-Z_]+)` +\|$/gm)];

  it('has a table', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows.map(([, value = '', constant = '']) => [constant, value]))('says what %s is: %s', (constant, value) => {
    expect(inUnitOf(constant, value)).toBe(limits[constant]);
  });
});

describe('docs/internals/folders.md', () => {
  it('names every folder of the repository, and of core', () => {
    const named = [...textOf('docs/internals/folders.md').matchAll(/^( *)([\w-]+)\/? {2,}\S/gm)];
    const inside = (indent: number) =>
      named.filter(([, spaces = '']) => spaces.length === indent).map(([, , name = '']) => name);
    const folders = (within: string) =>
      readdirSync(within, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !NOT_OURS.has(entry.name) && !entry.name.startsWith('.'))
        .map(({ name }) => name);
    expect(inside(0)).toEqual(expect.arrayContaining(folders('.')));
    expect(inside(2)).toEqual(expect.arrayContaining(folders('core')));
  });
});

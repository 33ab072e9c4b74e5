import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkPackage } from '../link-package.ts';
import { stepsOf } from './steps.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = join(root, 'node_modules');
/** The pages whose code other tests run. */
const ELSEWHERE = new Set(['docs/guides/subscribers.md']);
const pages = [
  'README.md',
  ...globSync('docs/{guides/*,operations/encryption,reference/client}.md', { cwd: root }),
].filter((page) => filesOf(page).length > 0 && !ELSEWHERE.has(page));

function filesOf(page: string): readonly { readonly path: string; readonly text: string }[] {
  return stepsOf(readFileSync(join(root, page), 'utf8')).flatMap((step) => (step.kind === 'write' ? step : []));
}

const run = (cwd: string, program: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(modules, program), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', VITEST: undefined, NODE_OPTIONS: undefined },
  });
  return { status, output: `${stdout}${stderr}` };
};

// Each page's code is a separate project, like a team's, that depends on this repository's package.
describe('the code on the pages', () => {
  let folder: string;
  const projectOf = (page: string) => join(folder, basename(page, '.md'));

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-samples-')));
    linkPackage(folder, ['zod', 'vitest', '@types', 'aws-cdk-lib', 'constructs']);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const compilerOptions = {
      strict: true,
      noEmit: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      target: 'esnext',
      module: 'nodenext',
      types: ['node'],
      skipLibCheck: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/**/*.ts'] }));
    for (const page of pages)
      for (const { path, text } of filesOf(page)) {
        const file = join(projectOf(page), path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
      }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('compiles', { timeout: 300_000 }, () => {
    expect(run(folder, 'typescript/bin/tsc')).toEqual({ status: 0, output: '' });
  });

  it.each(pages)('on %s has the path of its file above it', (page) => {
    for (const { path } of filesOf(page)) expect(path).not.toBe('');
  });

  it('passes its tests', { timeout: 300_000 }, () => {
    const tests = pages.flatMap((page) => filesOf(page).filter(({ path }) => path.endsWith('.test.ts')));
    const { status, output } = run(folder, 'vitest/vitest.mjs', 'run', '--root', folder);
    expect(status, output).toBe(0);
    expect(output).toMatch(new RegExp(`Test Files +${tests.length} passed \\(${tests.length}\\)`));
  });
});
